-- Owns: what wrk sends (method, body and fields from the environment) and its result as one line of JSON.
wrk.method = os.getenv("BENCH_METHOD") or "GET"
wrk.body = os.getenv("BENCH_BODY")
local authorization = os.getenv("BENCH_AUTHORIZATION")
if authorization then wrk.headers["Authorization"] = authorization end
local form = "application/x-www-form-urlencoded"
if wrk.body then wrk.headers["Content-Type"] = os.getenv("BENCH_MEDIA_TYPE") or form end

-- What may be sent once only stands in a file, a line for each request; it goes after the body.
local once = os.getenv("BENCH_ONCE")
if once then
  local lines = io.lines(once)
  function request()
    local line = lines()
    if not line then
      io.stderr:write("there are too few lines in " .. once .. "\n")
      os.exit(1)
    end
    return wrk.format(nil, nil, nil, wrk.body .. line)
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    "\nRESULT {\"completed\":%d,\"failed\":%d,\"seconds\":%.6f,\"p50_us\":%d,\"p99_us\":%d}\n",
    summary.requests, failed, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)))
end
