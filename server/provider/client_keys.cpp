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

// A client, and where its keys are: its jwks_uri, or the inline set itself. So what is fetched from
// one address is never taken for what stands at another one that was registered meanwhile.
using Place = std::pair<std::string, std::string>;

struct Entry {
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

  Entry& entry_of(const Place& place);
  void make_room(const std::string& client_id);
  Step decide(Entry& entry, const std::string& kid, TimePoint now);
  static Found current(const Entry& entry, TimePoint now);
  Found inline_keys(const oidc::model::Client& client);
  // What there is after that flight; an error when the client was registered anew meanwhile.
  Found landed(const Place& place, std::uint64_t flight, TimePoint now);
  // Ends flight number `flight`; a result that nobody asked for any more is dropped.
  void land(const Place& place, std::uint64_t flight, std::optional<Found> result,
            std::chrono::seconds max_age, TimePoint now);

  outbound::Outbound& outbound;
  std::mutex mutex;
  std::map<Place, Entry> entries;
  std::uint64_t clock = 0;
  std::uint64_t flights = 0;
};

namespace {

// A coroutine that is destroyed while it fetches must not leave the others waiting.
template <class State>
class Flight {
 public:
  Flight(std::shared_ptr<State> state, Place place, std::uint64_t number)
      : state_(std::move(state)), place_(std::move(place)), number_(number) {}
  ~Flight() {
    if (state_) state_->land(place_, number_, std::nullopt, {}, {});
  }
  Flight(const Flight&) = delete;
  void land(Found result, std::chrono::seconds max_age, TimePoint now) {
    const auto state = std::exchange(state_, nullptr);
    state->land(place_, number_, std::move(result), max_age, now);
  }

 private:
  std::shared_ptr<State> state_;
  Place place_;
  std::uint64_t number_;
};

}  // namespace

Entry& ClientKeys::State::entry_of(const Place& place) {
  if (!entries.contains(place)) make_room(place.first);
  Entry& entry = entries[place];
  entry.used = ++clock;
  return entry;
}

// A client has one place at a time, but for what is still being fetched.
void ClientKeys::State::make_room(const std::string& client_id) {
  std::erase_if(entries, [&](const auto& held) {
    return held.first.first == client_id && !held.second.fetching;
  });
  if (entries.size() < kMostClients) return;
  auto oldest = entries.end();
  for (auto held = entries.begin(); held != entries.end(); ++held) {
    if (held->second.fetching) continue;
    if (oldest == entries.end() || held->second.used < oldest->second.used) oldest = held;
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

Found ClientKeys::State::landed(const Place& place, std::uint64_t flight, TimePoint now) {
  const std::lock_guard lock(mutex);
  const auto held = entries.find(place);
  if (held == entries.end() || (held->second.flight != flight && !held->second.keys)) {
    return std::unexpected(unavailable("the client was registered anew meanwhile"));
  }
  return current(held->second, now);
}

Found ClientKeys::State::inline_keys(const oidc::model::Client& client) {
  const Place place{client.client_id, client.jwks};
  {
    const std::lock_guard lock(mutex);
    const auto held = entries.find(place);
    if (held != entries.end() && held->second.keys) {
      held->second.used = ++clock;
      return *held->second.keys;
    }
  }
  auto keys = oidc::jose::parse_jwk_set(client.jwks);
  if (!keys) return keys;
  const std::lock_guard lock(mutex);
  entry_of(place).keys = std::make_shared<const std::vector<Jwk>>(*keys);
  return keys;
}

void ClientKeys::State::land(const Place& place, std::uint64_t flight, std::optional<Found> result,
                             std::chrono::seconds max_age, TimePoint now) {
  std::vector<runtime::Completion<bool>> waiting;
  {
    const std::lock_guard lock(mutex);
    const auto held = entries.find(place);
    if (held == entries.end() || held->second.flight != flight) return;
    Entry& entry = held->second;
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
  std::map<Place, Entry> gone;
  const std::lock_guard lock(state_->mutex);
  gone.swap(state_->entries);
}

runtime::Task<Found> ClientKeys::find(const oidc::model::Client& client, std::string kid,
                                      TimePoint now) {
  if (!client.jwks.empty()) co_return state_->inline_keys(client);
  if (client.jwks_uri.empty()) co_return std::vector<Jwk>{};
  // The client may change while this waits.
  const Place place{client.client_id, client.jwks_uri};
  const std::shared_ptr<State> owner = state_;
  State& state = *owner;
  std::uint64_t number = 0;
  State::Step step = State::Step::answer;
  {
    const std::lock_guard lock(state.mutex);
    Entry& entry = state.entry_of(place);
    step = state.decide(entry, kid, now);
    if (step == State::Step::answer) co_return State::current(entry, now);
    number = entry.flight;
  }
  if (step == State::Step::fetch) {
    Flight<State> flight(owner, place, number);
    outbound::OutboundRequest request;
    request.url = place.second;
    request.accept = "application/jwk-set+json, application/json";
    request.most_bytes = kMostBytes;
    const auto answer = co_await state.outbound.send(std::move(request));
    flight.land(read_answer(answer), answer ? answer->max_age : std::chrono::seconds(0), now);
  } else {
    co_await runtime::async_call<bool>([&state, &place, number](runtime::Completion<bool> done) {
      {
        const std::lock_guard lock(state.mutex);
        const auto held = state.entries.find(place);
        if (held != state.entries.end() && held->second.fetching && held->second.flight == number) {
          held->second.waiting.push_back(std::move(done));
          return;
        }
      }
      done(true);  // it landed in between
    });
  }
  co_return state.landed(place, number, now);
}

void ClientKeys::forget(const std::string& client_id) {
  std::vector<runtime::Completion<bool>> waiting;
  {
    const std::lock_guard lock(state_->mutex);
    auto held = state_->entries.lower_bound({client_id, ""});
    while (held != state_->entries.end() && held->first.first == client_id) {
      std::ranges::move(held->second.waiting, std::back_inserter(waiting));
      held = state_->entries.erase(held);
    }
  }
  for (auto& done : waiting) done(true);
}

}  // namespace server::provider
