#include "server/account/passwords.h"

#include <zxcvbn.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "oidc/base/text.h"

namespace server::account {
namespace {

// Its cost grows fast with the length, and what is longer than this is strong by its length.
constexpr std::size_t kStrengthPrefix = 64;
// Of the person's own words.
constexpr std::size_t kMostPersonal = 24;
constexpr std::size_t kLeastWord = 3;
constexpr std::size_t kMostBlocklistBytes = 64UL * 1024 * 1024;

// Guesses of each score, as powers of ten (the scale of zxcvbn): 1 takes a thousand, 4 ten thousand
// million.
constexpr std::array<double, 5> kGuessesLog10 = {0, 3, 6, 8, 10};

double guesses_log10(const std::string& password, const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const auto& word : words) pointers.push_back(word.c_str());
  pointers.push_back(nullptr);
  return ZxcvbnMatch(password.substr(0, kStrengthPrefix).c_str(), pointers.data(), nullptr) *
         0.301029996;
}

int score_of(double guesses) {
  int score = 0;
  for (int next = 1; next < static_cast<int>(kGuessesLog10.size()); ++next) {
    if (guesses >= kGuessesLog10[static_cast<std::size_t>(next)]) score = next;
  }
  return score;
}

// The words that stand in an address or a name: "ann.lee@example.com" is ann, lee, example and com,
// and the whole.
void add_words(std::vector<std::string>& words, std::string_view text) {
  const auto add = [&](std::string word) {
    if (word.size() >= kLeastWord && words.size() < kMostPersonal) words.push_back(std::move(word));
  };
  const std::string lower = oidc::to_lower_ascii(oidc::trim(text)).substr(0, 254);
  add(lower);
  std::string part;
  for (const char c : lower) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    if (is_letter) {
      part.push_back(c);
    } else {
      add(std::exchange(part, {}));
    }
  }
  if (part.size() != lower.size()) add(std::move(part));
}

std::unordered_set<std::string> read_blocklist(const std::string& path) {
  std::unordered_set<std::string> words;
  if (path.empty()) return words;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("password_blocklist_file " + path + " cannot be read.");
  std::size_t bytes = 0;
  for (std::string line; std::getline(file, line);) {
    bytes += line.size() + 1;
    if (bytes > kMostBlocklistBytes) {
      throw std::runtime_error("password_blocklist_file " + path + " is larger than 64 MB.");
    }
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) words.insert(oidc::to_lower_ascii(line));
  }
  if (file.bad()) throw std::runtime_error("password_blocklist_file " + path + " cannot be read.");
  return words;
}

// For the command line; pages have texts of the same keys.
std::string sentence(std::string_view key, std::size_t min_length) {
  if (key == "password_too_long") return "The password must have at most 256 characters.";
  if (key == "password_unreadable") return "The password must be valid UTF-8 text.";
  if (key == "password_too_short") {
    return "The password must have at least " + std::to_string(min_length) + " characters.";
  }
  if (key == "password_blocked") return "The password is on the list of those that are refused.";
  if (key == "password_personal") {
    return "The password is easily guessed by whoever knows the address, the name or the service.";
  }
  return "The password is easily guessed: it is common, or made of repeats and sequences. A few "
         "unrelated words are better.";
}

// Hashing gives way to everything else: it is the one long computation, and strangers ask for it.
constexpr int kPoolNiceness = 10;

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (unsigned char c : text) count += (c & 0xc0) != 0x80;
  return count;
}

}  // namespace

Passwords::Passwords(PasswordOptions options)
    : options_(std::move(options)),
      decoy_(oidc::crypto::argon2id_decoy(options_.cost)),
      blocklist_(read_blocklist(options_.blocklist_file)),
      pool_("password", options_.threads, options_.queue_limit, kPoolNiceness) {}

runtime::Task<std::expected<Passwords::Verdict, runtime::Overloaded>> Passwords::verify(
    std::string phc, oidc::Password password) {
  co_return co_await pool_.run([this, phc = std::move(phc), password = std::move(password)] {
    runtime::assert_not_io_thread();
    const bool known = !phc.empty();
    Verdict verdict;
    verdict.matches = oidc::crypto::argon2id_verify(known ? phc : decoy_, password) && known;
    if (verdict.matches && oidc::crypto::argon2id_needs_rehash(phc, options_.cost)) {
      verdict.rehash = oidc::crypto::argon2id_hash(password, options_.cost);
    }
    return verdict;
  });
}

runtime::Task<std::expected<std::string, runtime::Overloaded>> Passwords::hash(
    oidc::Password password) {
  co_return co_await pool_.run([this, password = std::move(password)] {
    runtime::assert_not_io_thread();
    return oidc::crypto::argon2id_hash(password, options_.cost);
  });
}

PolicyBreach Passwords::policy_breach(const oidc::Password& password,
                                      const std::vector<std::string>& personal) const {
  const auto& text = password.reveal();
  if (is_too_long(text)) return {.key = "password_too_long"};
  if (!oidc::is_clean_utf8(text)) return {.key = "password_unreadable"};
  if (count_characters(text) < options_.min_length) return {.key = "password_too_short"};
  if (blocklist_.contains(oidc::to_lower_ascii(text))) return {.key = "password_blocked"};
  std::vector<std::string> words;
  add_words(words, options_.service_name);
  for (const auto& known : personal) add_words(words, known);
  const double guesses = guesses_log10(text, words);
  const int score = score_of(guesses);
  if (score >= least_score()) return {};
  const bool is_personal = guesses < guesses_log10(text, {});
  return {.key = is_personal ? "password_personal" : "password_weak", .score = score};
}

// The thousand that are tried first are refused whatever the setting.
int Passwords::least_score() const {
  return std::clamp(options_.min_strength, 1, 4);
}

oidc::Result<void> Passwords::check_policy(const oidc::Password& password,
                                           const std::vector<std::string>& personal) const {
  const auto key = policy_breach(password, personal).key;
  if (key.empty()) return {};
  return oidc::fail(oidc::OAuthErrorCode::invalid_request, sentence(key, options_.min_length));
}

bool Passwords::is_too_long(std::string_view password) {
  return password.size() > 4 * kPasswordMaxLength ||
         count_characters(password) > kPasswordMaxLength;
}

}  // namespace server::account
