#include "server/account/passwords.h"

#include <zxcvbn.h>

#include "oidc/base/text.h"

namespace server::account {
namespace {

// zxcvbn's score 2: a million guesses or more, so that online guessing under the throttle is
// hopeless.
constexpr double kLeastGuessesLog10 = 6.0;
// Its cost grows fast with the length, and what is longer than this is strong by its length.
constexpr std::size_t kStrengthPrefix = 64;

double guesses_log10(const std::string& password) {
  return ZxcvbnMatch(password.substr(0, kStrengthPrefix).c_str(), nullptr, nullptr) * 0.301029996;
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
    : options_(options),
      decoy_(oidc::crypto::argon2id_decoy(options.cost)),
      pool_("password", options.threads, options.queue_limit, kPoolNiceness) {}

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

oidc::Result<void> Passwords::check_policy(const oidc::Password& password) const {
  const auto refuse = [](std::string why) {
    return oidc::fail(oidc::OAuthErrorCode::invalid_request, std::move(why));
  };
  const auto& text = password.reveal();
  if (is_too_long(text)) return refuse("The password must have at most 256 characters.");
  if (!oidc::is_clean_utf8(text)) return refuse("The password must be valid UTF-8 text.");
  if (count_characters(text) < options_.min_length) {
    return refuse("The password must have at least " + std::to_string(options_.min_length) +
                  " characters.");
  }
  if (guesses_log10(text) < kLeastGuessesLog10) {
    return refuse(
        "The password is easily guessed: it is common, or made of repeats and sequences. A few "
        "unrelated words are better.");
  }
  return {};
}

bool Passwords::is_too_long(std::string_view password) {
  return password.size() > 4 * kPasswordMaxLength ||
         count_characters(password) > kPasswordMaxLength;
}

}  // namespace server::account
