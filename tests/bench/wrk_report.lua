-- Owns: what wrk sends (method, body and fields from the environment) and its result as one line of JSON.
wrk.method = os.getenv("BENCH_METHOD") or "GET"
wrk.body = os.getenv("BENCH_BODY")
local authorization = os.getenv("BENCH_AUTHORIZATION")
if authorization then wrk.headers["Authorization"] = authorization end
if wrk.body then wrk.headers["Content-Type"] = "application/x-www-form-urlencoded" end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    "\nRESULT {\"completed\":%d,\"failed\":%d,\"seconds\":%.6f,\"p50_us\":%d,\"p99_us\":%d}\n",
    summary.requests, failed, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)))
end
