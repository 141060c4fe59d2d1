// Owns: a challenge that only the reader of a mailbox can answer, by link or by typed code: for
// signing in, signing up, a new password, a new address. One mechanism for all, so that one rule
// holds for all: GET changes nothing, the session lands in the browser that asked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/time.h"
#include "oidc/crypto/opaque_credential.h"

namespace oidc::model {

enum class ChallengePurpose { sign_in, sign_up, reset_password, change_email };
std::string_view to_string(ChallengePurpose purpose);
std::optional<ChallengePurpose> parse_challenge_purpose(std::string_view name);

struct EmailChallenge {
  crypto::OpaqueCredential link;  // row, and digest of what stands in the mail's link
  ChallengePurpose purpose = ChallengePurpose::sign_in;
  std::string client_id;    // the application that the person came from; empty: the own pages
  std::string user_id;      // empty: a decoy, which nothing can answer
  std::string email_fold;   // where the mail went
  std::string binding;      // SHA-256 of the asking browser's binding cookie
  std::string code_digest;  // of the typed code, under a keyed hash with the row in it
  std::string number;       // three digits shown in the asking browser
  std::string payload;      // sealed: what is done when it is answered (the flow, a new account …)
  std::string asked_from;   // "Firefox on Android", shown to whoever opens the link elsewhere
  TimePoint created_at{}, expires_at{};
  std::int64_t code_attempts = 0;        // wrong codes typed
  std::int64_t number_attempts = 0;      // wrong numbers entered elsewhere; both ways close alone
  std::optional<TimePoint> approved_at;  // the right number was entered in another browser
  std::optional<TimePoint> used_at;
};

inline constexpr std::int64_t kMostCodeAttempts = 5;
inline constexpr std::int64_t kMostNumberAttempts = 3;

}  // namespace oidc::model
