// Owns: what every way of signing in ends with: the new session cookie, the device cookie, the row
// of the sign-in, and going on with the flow. Who it is and how that was shown is the caller's.
// OpenID Connect Core §2 (auth_time, acr, amr).
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/signin/flow.h"

namespace server::signin {

// Who signs in, and what showed it.
struct Proof {
  std::string user_id;
  std::string method;  // for the log: "password", "mail", "sign_up"
  std::string amr;     // space-separated (RFC 8176)
  std::string acr;
  // By password: the authenticator that was verified (store::SignIn).
  std::int64_t authenticator_id = 0;
  std::string expected_phc, new_phc;
  std::vector<std::string> give_back;
  // Its person learns of it otherwise: no notice, however new the browser is.
  bool is_told = false;
  // By mail: the challenge that the same transaction uses up.
  std::optional<std::int64_t> challenge_row;
};

// A password: RFC 8176 §2 "pwd".
Proof password_proof(std::string user_id);
// A link or code by mail, or an address proved at sign-up. "email" is not among the registered
// values of RFC 8176: "otp" would be, but applications take it for a second factor, and reading a
// mailbox is less than that (NIST SP 800-63B-4 §3.1.3.1 allows no mail as an authenticator).
Proof mail_proof(std::string user_id);

// What the browser gets once the row is written.
struct FreshSession {
  oidc::crypto::OpaqueCredential browser;
  std::string user_id, method;
  std::vector<std::string> set_cookies;
};
struct PreparedSignIn {
  store::SignIn command;  // for store.sign_in(), or NewAccount.sign_in
  FreshSession session;
};
// `client_id`: the application it is for, for the history; may be empty. Reads the old session
// cookie, writes nothing.
runtime::Task<store::StoreResult<PreparedSignIn>> prepare_sign_in(
    const provider::Provider& provider, const http::Request& request, Proof proof,
    std::string client_id);

// After the transaction: sets the cookies and leads on, as that account.
runtime::Task<http::Response> go_on_signed_in(const provider::Provider& provider,
                                              const http::Request& request, Flow flow,
                                              FreshSession session, std::string route);

// All of it with store.sign_in(). The error is what refused: account_changed or challenge_used. A
// store that fails is a finished answer.
runtime::Task<std::expected<http::Response, store::SignInOutcome>> complete_sign_in(
    const provider::Provider& provider, const http::Request& request, Flow flow, Proof proof,
    std::string route);

}  // namespace server::signin
