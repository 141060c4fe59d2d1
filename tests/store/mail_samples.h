// Owns: sample challenges and mails for the tests of everything that is proved by mail.
#pragma once
#include "tests/store/store_fixture.h"

namespace store_test {

using oidc::model::ChallengePurpose;
using oidc::model::EmailChallenge;

inline QueuedMail sample_mail(Store& store, const std::string& address_fold) {
  QueuedMail mail;
  mail.id = store.next_row();
  mail.kind = "sign_in";
  mail.address_fold = address_fold;
  mail.sealed = "sealed message";
  mail.client_id = "client-a";
  mail.user_id = "user-a";
  mail.created_at = kNow;
  mail.not_after = kNow + minutes(10);
  return mail;
}

inline StartChallenge sample_challenge(Store& store, ChallengePurpose purpose,
                                       const std::string& user_id, const std::string& fold) {
  StartChallenge command;
  auto& challenge = command.challenge;
  challenge.link = make_credential(CredentialKind::email_link, 1, store.next_row()).stored;
  challenge.purpose = purpose;
  challenge.client_id = "client-a";
  challenge.user_id = user_id;
  challenge.email_fold = fold;
  challenge.binding = "binding of " + std::to_string(challenge.link.row);
  challenge.code_digest = "right code";
  challenge.number = "427";
  challenge.payload = "sealed flow";
  challenge.asked_from = "Firefox on Android";
  challenge.created_at = kNow;
  challenge.expires_at = kNow + minutes(10);
  command.mail = sample_mail(store, fold);
  command.mail.user_id = user_id;
  return command;
}

// Starts it; its row.
inline std::int64_t start(Store& store, ChallengePurpose purpose, const std::string& user_id,
                          const std::string& fold) {
  const auto command = sample_challenge(store, purpose, user_id, fold);
  REQUIRE(run(store.start_challenge(command, kNow)));
  return command.challenge.link.row;
}

// Without an authenticator: the mail is the proof.
inline SignIn sign_in_by_mail(Store& store, const std::string& user_id, std::int64_t challenge) {
  SignIn command;
  command.new_browser = make_credential(CredentialKind::browser, 1, store.next_row()).stored;
  command.user_id = user_id;
  command.challenge_row = challenge;
  command.session_row = store.next_row();
  command.sid = "sid" + std::to_string(command.session_row);
  command.auth_time = kNow;
  command.amr = "otp";
  command.acr = "mail";
  command.expires_at = kNow + days(30);
  command.address = "192.0.2.9";
  command.browser = "Firefox on Android";
  command.client_id = "client-a";
  return command;
}

}  // namespace store_test
