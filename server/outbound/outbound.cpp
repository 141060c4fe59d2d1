#include "server/outbound/outbound.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "oidc/base/network.h"
#include "server/outbound/look_up.h"
#include "server/outbound/shares.h"
#include "server/outbound/target.h"
#include "server/outbound/transfer.h"
#include "server/runtime/async_call.h"
#include "server/runtime/pool.h"

namespace server::outbound {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Done = runtime::Completion<OutboundResult>;

// Of one name, when the first does not answer.
constexpr std::size_t kMostAddressesTried = 3;
constexpr milliseconds kLongestSleep{1'000};

std::unexpected<OutboundError> fault(OutboundFault fault, std::string detail) {
  return std::unexpected(OutboundError{fault, std::move(detail)});
}

// What counts as one host.
std::string network_of(const Address& address) {
  return oidc::network_of(address.to_string());
}

void check_ca_file(const std::string& path) {
  if (path.empty()) return;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("-----BEGIN CERTIFICATE-----") ||
        line.starts_with("-----BEGIN TRUSTED CERTIFICATE-----")) {
      return;
    }
  }
  throw std::runtime_error("outbound_ca_file: \"" + path +
                           "\" cannot be read, or holds no certificate in PEM form");
}

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      throw std::runtime_error("libcurl cannot be started");
    }
  });
}

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// One request on its way. Belongs to the thread of State::run once it has been handed over.
struct Job {
  OutboundRequest request;
  Target target;
  Done done;
  Clock::time_point deadline;
  std::vector<Address> addresses;  // vetted, in the order to try
  std::size_t next_address = 0;
  std::string network;  // that is being asked, for counting; empty before
  std::unique_ptr<Transfer> transfer;
  // The look-up need not begin any more.
  std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
};

struct Found {
  std::uint64_t job = 0;
  Share share = Share::strangers;
  std::string name;
  std::vector<std::string> addresses;
};

}  // namespace

struct Outbound::State {
  explicit State(OutboundOptions given);
  ~State();

  void stop();
  void submit(OutboundRequest request, Done done);
  // Both with the mutex held. Why nothing for that host can be queued, or nothing.
  std::optional<OutboundFault> obstacle(Share share, const std::string& host) const;
  void enqueue(OutboundRequest request, Target target, Done done);

  // All below run on the one thread.
  void run();
  bool take_over();
  void start_waiting();
  bool may_start(const Job& job) const;
  void begin(std::uint64_t id, Job& job);
  void look_up_name(std::uint64_t id, Job& job);
  void vet(std::uint64_t id, const std::vector<std::string>& addresses);
  void connect(std::uint64_t id, Job& job);
  void transfer(std::uint64_t id, Job& job);
  void put_back(std::uint64_t id);
  void end_transfer(Job& job);
  void leave(const Job& job);
  void finish_transfers();
  void finish(std::uint64_t id, OutboundResult result);
  void expire();
  milliseconds until_next_deadline() const;
  void cancel_all();

  OutboundOptions options;
  AddressBlocks allowed;
  std::unique_ptr<CURLM, MultiDeleter> multi;

  std::mutex mutex;
  bool stopping = false;
  std::deque<Job> submitted;
  std::vector<Found> found;
  Shares queued;  // submitted or waiting

  std::list<Job> waiting;  // those whose time is over first stand in front
  std::map<std::uint64_t, Job> active;
  std::map<CURL*, std::uint64_t> transfers;
  Shares places;    // of the active ones, by name
  Shares networks;  // of the active ones, by the address that is asked
  Shares look_ups;  // also those that nobody waits for any more
  std::uint64_t last_id = 0;

  // One for each share: a slow name server of a stranger's holds its threads for long.
  std::unique_ptr<runtime::Pool> resolvers, own_resolvers;
  std::thread thread;
};

Outbound::State::State(OutboundOptions given)
    : options(std::move(given)),
      allowed(options.allowed_addresses),
      queued(options.queue_limit),
      places(std::max<std::size_t>(options.most_at_once, 1)),
      networks(places),
      look_ups(places) {
  if (!options.look_up) options.look_up = look_up;
  check_ca_file(options.ca_file);
  start_curl();
  multi.reset(curl_multi_init());
  if (!multi) throw std::runtime_error("libcurl gives no multi handle");
  const auto half = std::max<std::size_t>(options.most_at_once / 2, 1);
  resolvers = std::make_unique<runtime::Pool>("names", half, half);
  own_resolvers = std::make_unique<runtime::Pool>("own-names", half, half);
  thread = std::thread([this] { run(); });
}

Outbound::State::~State() {
  stop();
  thread.join();
  resolvers.reset();
  own_resolvers.reset();
}

void Outbound::State::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  curl_multi_wakeup(multi.get());
}

void Outbound::State::submit(OutboundRequest request, Done done) {
  auto target = read_target(request.url);
  if (!target) {
    done(fault(OutboundFault::refused, "The URL is not one that may be asked"));
    return;
  }
  std::optional<OutboundFault> no;
  {
    const std::lock_guard lock(mutex);
    no = obstacle(request.share, target->host);
    if (!no) {
      enqueue(std::move(request), std::move(*target), std::move(done));
      curl_multi_wakeup(multi.get());
      return;
    }
  }
  done(fault(
      *no, *no == OutboundFault::stopped ? "The server stops" : "Too many outgoing requests wait"));
}

std::optional<OutboundFault> Outbound::State::obstacle(Share share, const std::string& host) const {
  if (stopping) return OutboundFault::stopped;
  if (!queued.has_room(share) || !queued.has_room(share, host)) return OutboundFault::overloaded;
  return std::nullopt;
}

void Outbound::State::enqueue(OutboundRequest request, Target target, Done done) {
  queued.add(request.share);
  queued.add(request.share, target.host);
  submitted.push_back({.request = std::move(request),
                       .target = std::move(target),
                       .done = std::move(done),
                       .deadline = Clock::now() + options.timeout,
                       .addresses = {},
                       .next_address = 0,
                       .network = {},
                       .transfer = nullptr});
}

void Outbound::State::run() {
  pthread_setname_np(pthread_self(), "outbound");
  // A peer that closes while TLS writes raises it; the error of the write says enough.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (take_over()) {
    expire();
    start_waiting();
    int running = 0;
    curl_multi_perform(multi.get(), &running);
    finish_transfers();
    start_waiting();  // what has just ended made room
    curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(until_next_deadline().count()),
                    nullptr);
  }
  cancel_all();
}

// What other threads brought. False: the end.
bool Outbound::State::take_over() {
  std::vector<Found> brought;
  {
    const std::lock_guard lock(mutex);
    if (stopping) return false;
    std::ranges::move(submitted, std::back_inserter(waiting));
    submitted.clear();
    brought.swap(found);
  }
  for (const Found& result : brought) {
    look_ups.remove(result.share, result.name);
    vet(result.job, result.addresses);
  }
  return true;
}

// In the order in which they came, but none before there is room for its share and host.
void Outbound::State::start_waiting() {
  for (auto next = waiting.begin(); next != waiting.end();) {
    const auto job = next++;
    if (!may_start(*job)) continue;
    const std::uint64_t id = ++last_id;
    const auto place = active.emplace(id, std::move(*job)).first;
    waiting.erase(job);
    Job& started = place->second;
    places.add(started.request.share);
    places.add(started.request.share, started.target.host);
    {
      const std::lock_guard lock(mutex);
      leave(started);
    }
    begin(id, started);
  }
}

bool Outbound::State::may_start(const Job& job) const {
  const Share share = job.request.share;
  const std::string& host = job.target.host;
  if (!places.has_room(share) || !places.has_room(share, host)) return false;
  if (!job.addresses.empty()) {
    return networks.has_room(share, network_of(job.addresses[job.next_address]));
  }
  return !job.target.literal.empty() || look_ups.has_room(share, host);
}

// It waits no longer. Under the lock.
void Outbound::State::leave(const Job& job) {
  queued.remove(job.request.share);
  queued.remove(job.request.share, job.target.host);
}

void Outbound::State::begin(std::uint64_t id, Job& job) {
  if (!job.addresses.empty()) {
    connect(id, job);  // it was put back after its look-up
  } else if (job.target.literal.empty()) {
    look_up_name(id, job);
  } else {
    std::vector<std::string> addresses;
    addresses.reserve(job.target.literal.size());
    for (const Address& address : job.target.literal) addresses.push_back(address.to_string());
    vet(id, addresses);
  }
}

void Outbound::State::look_up_name(std::uint64_t id, Job& job) {
  const Share share = job.request.share;
  auto& pool = share == Share::own ? *own_resolvers : *resolvers;
  const std::string name = job.target.host;
  const bool posted = pool.post([this, id, share, name, abandoned = job.abandoned] {
    Found result{id, share, name, {}};
    try {
      if (!abandoned->load()) result.addresses = options.look_up(name);
    } catch (const std::exception&) {
      result.addresses.clear();
    }
    {
      const std::lock_guard lock(mutex);
      found.push_back(std::move(result));
    }
    curl_multi_wakeup(multi.get());
  });
  if (posted) {
    look_ups.add(share, name);
  } else {
    finish(id, fault(OutboundFault::overloaded, "Too many look-ups of names wait"));
  }
}

// Only what is public or allowed stays: a name with addresses of both kinds is reached at those
// that may be reached.
void Outbound::State::vet(std::uint64_t id, const std::vector<std::string>& addresses) {
  const auto place = active.find(id);
  if (place == active.end()) return;  // its time is over
  Job& job = place->second;
  for (const std::string& text : addresses) {
    const auto address = Address::parse(text);
    if (address && may_reach(*address, allowed) && job.addresses.size() < kMostAddressesTried) {
      job.addresses.push_back(*address);
    }
  }
  if (addresses.empty()) {
    finish(id, fault(OutboundFault::failed, "The host name has no address"));
  } else if (job.addresses.empty()) {
    finish(id, fault(OutboundFault::refused,
                     "The host is at " + addresses.front() + ", which is not a public address"));
  } else {
    connect(id, job);
  }
}

// To the next address, if its network has room; else it waits once more.
void Outbound::State::connect(std::uint64_t id, Job& job) {
  auto network = network_of(job.addresses[job.next_address]);
  if (!networks.has_room(job.request.share, network)) {
    put_back(id);
    return;
  }
  job.network = std::move(network);
  networks.add(job.request.share, job.network);
  transfer(id, job);
}

void Outbound::State::transfer(std::uint64_t id, Job& job) {
  const auto left = std::chrono::ceil<milliseconds>(job.deadline - Clock::now());
  if (left <= milliseconds(0)) {
    finish(id, fault(OutboundFault::failed, "The time is over"));
    return;
  }
  const bool is_last = job.next_address + 1 == job.addresses.size();
  try {
    job.transfer = std::make_unique<Transfer>(
        job.request, job.target, job.addresses[job.next_address++], options.ca_file,
        TransferLimits{.connect = is_last ? left : std::max(left / 2, milliseconds(1)),
                       .whole = left});
  } catch (const std::exception& error) {
    finish(id, fault(OutboundFault::failed, error.what()));
    return;
  }
  transfers[job.transfer->handle()] = id;
  if (curl_multi_add_handle(multi.get(), job.transfer->handle()) != CURLM_OK) {
    finish(id, fault(OutboundFault::failed, "libcurl does not take the request"));
  }
}

void Outbound::State::put_back(std::uint64_t id) {
  auto node = active.extract(id);
  Job& job = node.mapped();
  places.remove(job.request.share);
  places.remove(job.request.share, job.target.host);
  {
    const std::lock_guard lock(mutex);
    queued.add(job.request.share);
    queued.add(job.request.share, job.target.host);
  }
  const auto later = std::ranges::find_if(
      waiting, [&](const Job& other) { return other.deadline > job.deadline; });
  waiting.insert(later, std::move(job));
}

void Outbound::State::end_transfer(Job& job) {
  if (!job.network.empty()) networks.remove(job.request.share, job.network);
  job.network.clear();
  if (!job.transfer) return;
  curl_multi_remove_handle(multi.get(), job.transfer->handle());
  transfers.erase(job.transfer->handle());
  job.transfer.reset();
}

void Outbound::State::finish_transfers() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const auto place = transfers.find(message->easy_handle);
    if (place == transfers.end()) continue;
    const std::uint64_t id = place->second;
    Job& job = active.at(id);
    if (code == CURLE_COULDNT_CONNECT && job.next_address < job.addresses.size()) {
      end_transfer(job);
      connect(id, job);
      continue;
    }
    finish(id, job.transfer->result(code));
  }
}

void Outbound::State::finish(std::uint64_t id, OutboundResult result) {
  auto node = active.extract(id);
  Job& job = node.mapped();
  job.abandoned->store(true);
  places.remove(job.request.share);
  places.remove(job.request.share, job.target.host);
  end_transfer(job);
  job.done(std::move(result));
}

// libcurl minds the time of its own part only.
void Outbound::State::expire() {
  const auto now = Clock::now();
  const auto late = [this] {
    return fault(OutboundFault::failed,
                 "No answer within " + std::to_string(options.timeout.count()) + " ms");
  };
  std::vector<std::uint64_t> ended;
  for (const auto& [id, job] : active) {
    if (job.deadline <= now) ended.push_back(id);
  }
  for (const std::uint64_t id : ended) finish(id, late());
  while (!waiting.empty() && waiting.front().deadline <= now) {
    waiting.front().done(late());
    {
      const std::lock_guard lock(mutex);
      leave(waiting.front());
    }
    waiting.pop_front();
  }
}

milliseconds Outbound::State::until_next_deadline() const {
  auto next = Clock::now() + kLongestSleep;
  for (const auto& [id, job] : active) next = std::min(next, job.deadline);
  if (!waiting.empty()) next = std::min(next, waiting.front().deadline);
  return std::max(std::chrono::ceil<milliseconds>(next - Clock::now()), milliseconds(0));
}

void Outbound::State::cancel_all() {
  const auto stopped = [] { return fault(OutboundFault::stopped, "The server stops"); };
  while (!active.empty()) finish(active.begin()->first, stopped());
  const std::lock_guard lock(mutex);
  std::ranges::move(submitted, std::back_inserter(waiting));
  submitted.clear();
  for (Job& job : waiting) job.done(stopped());
  waiting.clear();
}

Outbound::Outbound(OutboundOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Outbound::~Outbound() = default;

void Outbound::stop() {
  state_->stop();
}

runtime::Task<std::expected<OutboundAnswer, OutboundError>> Outbound::send(
    OutboundRequest request) {
  co_return co_await runtime::async_call<OutboundResult>(
      [state = state_.get(), request = std::move(request)](Done done) mutable {
        state->submit(std::move(request), std::move(done));
      });
}

}  // namespace server::outbound
