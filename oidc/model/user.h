// Owns: a person and their standard claims (OpenID Connect Core §5.1).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/time.h"

namespace oidc::model {

enum class UserStatus { active, disabled };

struct EmailAddress {
  std::string address;  // as given, trimmed
  std::string fold;     // fold_email(address): unique over all people
  bool verified = false;
};

struct User {
  std::string id;  // the `sub`: random, global, never reused
  UserStatus status = UserStatus::active;
  std::string claims;  // a JSON object of standard claims, without sub, email and email_verified
  std::vector<EmailAddress> emails;  // the first is the primary one
  TimePoint created_at{};
  TimePoint updated_at{};
  TimePoint credentials_changed_at{};  // last password change or reset

  bool is_active() const { return status == UserStatus::active; }
  std::string primary_email() const { return emails.empty() ? "" : emails.front().address; }
};

// One spelling for each address, so that no two accounts fold to one and one counter serves all
// spellings: trimmed, full-width ASCII narrowed, ASCII lower case. Nothing when `address` is no
// plain "local@domain" of at most 254 bytes, with control characters, spaces or non-ASCII in it.
std::optional<std::string> fold_email(std::string_view address);
// The address as it is stored and written to: as typed, but trimmed and with full-width ASCII
// narrowed, so that mail goes to no other mailbox than the fold names.
std::string plain_email(std::string_view address);

}  // namespace oidc::model
