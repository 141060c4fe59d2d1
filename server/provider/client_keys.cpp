#include "server/provider/client_keys.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include "server/runtime/async_call.h"

namespace server::provider {
namespace {

using oidc::TimePoint;
using oidc::jose::Jwk;
using std::chrono::milliseconds;
using Found = oidc::Result<std::vector<Jwk>>;

constexpr std::size_t kMostClients = 1'000;
constexpr std::size_t kMostBytes = 65'536;
constexpr milliseconds kBetweenFetches{2'000};
constexpr std::chrono::seconds kShortestAge{60};
constexpr std::chrono::seconds kUsualAge{300};
constexpr std::chrono::seconds kLongestAge{3'600};
// How long a set that cannot be fetched again goes on being used after its time.
constexpr std::chrono::hours kLongestStale{24};

struct Entry {
  std::string source;  // jwks_uri, or the inline set itself
  std::shared_ptr<const std::vector<Jwk>> keys;
  TimePoint fresh_until{};
  TimePoint asked_at{};  // of the last fetch
  bool fetching = false;
  std::uint64_t flight = 0;
  std::uint64_t used = 0;  // for dropping the one that was not used for longest
  oidc::OAuthError error;  // of the last fetch, while there are no keys
  std::vector<runtime::Completion<bool>> waiting;
};

oidc::OAuthError unavailable(std::string detail) {
  return {oidc::OAuthErrorCode::temporarily_unavailable,
          "The keys of this client cannot be fetched from its jwks_uri now.",
          "CLIENT-KEYS: " + std::move(detail)};
}

bool holds(const std::vector<Jwk>& keys, const std::string& kid) {
  return kid.empty() || std::ranges::any_of(keys, [&](const Jwk& key) { return key.kid == kid; });
}

oidc::Result<std::vector<Jwk>> read_answer(
    const std::expected<outbound::OutboundAnswer, outbound::OutboundError>& answer) {
  if (!answer) return std::unexpected(unavailable(answer.error().detail));
  if (answer->status != 200) {
    return std::unexpected(
        unavailable("expected status 200, received " + std::to_string(answer->status)));
  }
  auto keys = oidc::jose::parse_jwk_set(answer->body);
  if (!keys) return std::unexpected(unavailable(keys.error().description));
  return keys;
}

}  // namespace

struct ClientKeys::State {
  explicit State(outbound::Outbound& to) : outbound(to) {}

  // What find() is to do, decided under the lock.
  enum class Step { answer, wait, fetch };

  Entry& entry_of(const std::string& client_id, const std::string& source);
  void make_room();
  Step decide(Entry& entry, const std::string& kid, TimePoint now);
  static Found current(const Entry& entry, TimePoint now);
  Found inline_keys(const oidc::model::Client& client);
  // Ends flight number `flight` of that client; a result that nobody asked for any more is dropped.
  void land(const std::string& client_id, std::uint64_t flight, std::optional<Found> result,
            std::chrono::seconds max_age, TimePoint now);

  outbound::Outbound& outbound;
  std::mutex mutex;
  std::map<std::string, Entry> entries;
  std::uint64_t clock = 0;
  std::uint64_t flights = 0;
};

namespace {

// A coroutine that is destroyed while it fetches must not leave the others waiting.
template <class State>
class Flight {
 public:
  Flight(std::shared_ptr<State> state, std::string client_id, std::uint64_t number)
      : state_(std::move(state)), client_id_(std::move(client_id)), number_(number) {}
  ~Flight() {
    if (state_) state_->land(client_id_, number_, std::nullopt, {}, {});
  }
  Flight(const Flight&) = delete;
  void land(Found result, std::chrono::seconds max_age, TimePoint now) {
    const auto state = std::exchange(state_, nullptr);
    state->land(client_id_, number_, std::move(result), max_age, now);
  }

 private:
  std::shared_ptr<State> state_;
  std::string client_id_;
  std::uint64_t number_;
};

}  // namespace

Entry& ClientKeys::State::entry_of(const std::string& client_id, const std::string& source) {
  if (entries.size() >= kMostClients && !entries.contains(client_id)) make_room();
  Entry& entry = entries[client_id];
  if (entry.source != source) {
    // Registered anew: what was known counts no more. Whoever waits is told to look again.
    auto waiting = std::move(entry.waiting);
    entry = Entry{};
    entry.source = source;
    for (auto& done : waiting) done(true);
  }
  entry.used = ++clock;
  return entry;
}

void ClientKeys::State::make_room() {
  auto oldest = entries.end();
  for (auto place = entries.begin(); place != entries.end(); ++place) {
    if (place->second.fetching) continue;
    if (oldest == entries.end() || place->second.used < oldest->second.used) oldest = place;
  }
  if (oldest != entries.end()) entries.erase(oldest);
}

ClientKeys::State::Step ClientKeys::State::decide(Entry& entry, const std::string& kid,
                                                  TimePoint now) {
  const bool known = entry.keys && holds(*entry.keys, kid);
  if (known && now < entry.fresh_until) return Step::answer;
  // A set whose time has just run out does for everybody but the one who fetches.
  if (entry.fetching) return known ? Step::answer : Step::wait;
  // Also when the clock was set back.
  const bool just_asked = now >= entry.asked_at && now - entry.asked_at < kBetweenFetches;
  if (just_asked && entry.asked_at != TimePoint{}) return Step::answer;
  entry.fetching = true;
  entry.asked_at = now;
  entry.flight = ++flights;
  return Step::fetch;
}

Found ClientKeys::State::current(const Entry& entry, TimePoint now) {
  if (entry.keys && now < entry.fresh_until + kLongestStale) return *entry.keys;
  return std::unexpected(entry.error);
}

Found ClientKeys::State::inline_keys(const oidc::model::Client& client) {
  {
    const std::lock_guard lock(mutex);
    const auto place = entries.find(client.client_id);
    if (place != entries.end() && place->second.source == client.jwks && place->second.keys) {
      place->second.used = ++clock;
      return *place->second.keys;
    }
  }
  auto keys = oidc::jose::parse_jwk_set(client.jwks);
  if (!keys) return keys;
  const std::lock_guard lock(mutex);
  entry_of(client.client_id, client.jwks).keys = std::make_shared<const std::vector<Jwk>>(*keys);
  return keys;
}

void ClientKeys::State::land(const std::string& client_id, std::uint64_t flight,
                             std::optional<Found> result, std::chrono::seconds max_age,
                             TimePoint now) {
  std::vector<runtime::Completion<bool>> waiting;
  {
    const std::lock_guard lock(mutex);
    const auto place = entries.find(client_id);
    if (place == entries.end() || place->second.flight != flight) return;
    Entry& entry = place->second;
    entry.fetching = false;
    waiting.swap(entry.waiting);
    if (result && *result) {
      entry.keys = std::make_shared<const std::vector<Jwk>>(std::move(**result));
      const auto age =
          max_age.count() == 0 ? kUsualAge : std::clamp(max_age, kShortestAge, kLongestAge);
      entry.fresh_until = now + age;
    } else {
      entry.error = result ? std::move(result->error()) : unavailable("the fetch was given up");
    }
  }
  for (auto& done : waiting) done(true);
}

ClientKeys::ClientKeys(outbound::Outbound& outbound) : state_(std::make_shared<State>(outbound)) {}

ClientKeys::~ClientKeys() {
  std::map<std::string, Entry> gone;
  const std::lock_guard lock(state_->mutex);
  gone.swap(state_->entries);
}

runtime::Task<Found> ClientKeys::find(const oidc::model::Client& client, std::string kid,
                                      TimePoint now) {
  if (!client.jwks.empty()) co_return state_->inline_keys(client);
  if (client.jwks_uri.empty()) co_return std::vector<Jwk>{};
  // The client may change while this waits.
  const std::string client_id = client.client_id;
  const std::string uri = client.jwks_uri;
  const std::shared_ptr<State> owner = state_;
  State& state = *owner;
  std::uint64_t number = 0;
  State::Step step = State::Step::answer;
  {
    const std::lock_guard lock(state.mutex);
    Entry& entry = state.entry_of(client_id, uri);
    step = state.decide(entry, kid, now);
    if (step == State::Step::answer) co_return State::current(entry, now);
    number = entry.flight;
  }
  if (step == State::Step::fetch) {
    Flight<State> flight(owner, client_id, number);
    outbound::OutboundRequest request;
    request.url = uri;
    request.accept = "application/jwk-set+json, application/json";
    request.most_bytes = kMostBytes;
    const auto answer = co_await state.outbound.send(std::move(request));
    flight.land(read_answer(answer), answer ? answer->max_age : std::chrono::seconds(0), now);
  } else {
    co_await runtime::async_call<bool>([&state, client_id, number](runtime::Completion<bool> done) {
      {
        const std::lock_guard lock(state.mutex);
        const auto place = state.entries.find(client_id);
        if (place != state.entries.end() && place->second.fetching &&
            place->second.flight == number) {
          place->second.waiting.push_back(std::move(done));
          return;
        }
      }
      done(true);  // it landed in between
    });
  }
  const std::lock_guard lock(state.mutex);
  co_return State::current(state.entry_of(client_id, uri), now);
}

void ClientKeys::forget(const std::string& client_id) {
  std::vector<runtime::Completion<bool>> waiting;
  {
    const std::lock_guard lock(state_->mutex);
    const auto place = state_->entries.find(client_id);
    if (place == state_->entries.end()) return;
    waiting.swap(place->second.waiting);
    state_->entries.erase(place);
  }
  for (auto& done : waiting) done(true);
}

}  // namespace server::provider
