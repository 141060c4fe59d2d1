// Owns: starting a challenge by mail for any purpose, with the same work, rows and answer whether
// the address has an account or not; and reading one back. Where it is answered is link_wait.h (the
// browser that asked) and link.h (whoever opens the link); what an answer is good for is the matter
// of each purpose.
#pragma once
#include <optional>
#include <string>
#include <variant>

#include "oidc/model/email_challenge.h"
#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/signin/flow.h"
#include "server/signin/ways_in.h"

namespace server::signin {

struct ChallengeRequest {
  oidc::model::ChallengePurpose purpose = oidc::model::ChallengePurpose::sign_in;
  std::string email;      // as typed; mail goes to the stored address of the account
  std::string payload;    // kept sealed with the challenge: what its answer needs
  std::string client_id;  // whose branding the mail has; empty: the service's
  std::string language = "en";
  // change_email: the person who asks; the mail goes to `email`.
  std::string user_id;
  Flow flow;  // kept sealed too: gone on with when the challenge is answered
};

struct ChallengeStarted {
  std::int64_t row = 0;
  std::string number;      // shown in this browser
  std::string binding;     // of this browser: goes into the flow's seal
  std::string set_cookie;  // empty when the browser had its binding
};
struct ChallengeThrottled {
  oidc::TimePoint retry_at{};
};
struct ChallengeRefused {  // no address at all, or a domain that may not sign up
  std::string sentence;    // a key of texts
};
using ChallengeOutcome =
    std::variant<ChallengeStarted, ChallengeThrottled, ChallengeRefused, store::StoreError>;

// Counts per address and per source first (settings mail_attempts_*). Then writes one challenge and
// one mail row in any case: for whom no mail is meant, decoys.
//   sign_in, reset_password: a mail goes to active people only
//   sign_up: a stranger gets link and code; who has an account is told so by mail that has neither
//   change_email: a mail goes to an address that nobody has
runtime::Task<ChallengeOutcome> start_challenge(const provider::Provider& provider,
                                                const http::Request& request,
                                                ChallengeRequest input);

// What was kept with it.
struct OpenedChallenge {
  Flow flow;
  std::string payload;
  std::string address;   // of the browser that asked
  std::string email;     // as typed
  std::string language;  // of its mail
};
// Nothing when the row was altered.
std::optional<OpenedChallenge> open_challenge(const provider::Provider& provider,
                                              const oidc::model::EmailChallenge& challenge);

// What a person means who types a code or a number: without blanks and hyphens, with the digits of
// an Arabic, Persian or Japanese keyboard as 0 to 9, and '?' for each byte that is none. Bounded.
std::string typed_digits(std::string_view typed);

// Of a typed code, in whatever groups ("123 456"): what the row holds for the right one.
std::string code_digest(const provider::Provider& provider, std::int64_t row,
                        std::string_view typed);

}  // namespace server::signin
