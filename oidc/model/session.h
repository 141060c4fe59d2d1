// Owns: sessions (one account in one browser), grants, codes and refresh tokens as values.
// OpenID Connect Core §2, RFC 6749 §4.1 and §6.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oidc/base/time.h"
#include "oidc/crypto/opaque_credential.h"
#include "oidc/model/user.h"

namespace oidc::model {

struct Session {
  std::int64_t id = 0;
  std::string sid;  // stable, random; in ID tokens and logout tokens
  std::string user_id;
  TimePoint auth_time{};
  std::string amr;  // space-separated (RFC 8176), such as "pwd"
  std::string acr;
  TimePoint created_at{};
  TimePoint last_seen_at{};
  TimePoint expires_at{};  // absolute end
  std::string address;     // where the last authentication came from
  std::string browser;     // "Firefox on Android"; empty when unknown
};

struct SessionWithUser {
  Session session;
  User user;
};

// One cookie, several accounts.
struct Browser {
  std::int64_t id = 0;
  std::vector<SessionWithUser> sessions;  // live ones only, last signed in first
};

// What a person allowed a client. Codes and tokens hang from it; revoking it ends them.
struct Grant {
  std::int64_t id = 0;
  std::string user_id;
  std::string subject;  // the `sub` this client sees: the user id, or a pairwise one (Core §8.1)
  std::string client_id;
  std::optional<std::int64_t> session_id;
  std::string scope;
  std::string claims;                  // the claims parameter as checked JSON text; empty: none
  std::vector<std::string> resources;  // RFC 8707; empty: the issuer itself
  bool offline_access = false;         // outlives the session
  // As they were when the person signed in for this grant.
  TimePoint auth_time{};
  std::string amr, acr, sid;
  TimePoint created_at{};
  std::optional<TimePoint> revoked_at;
};

struct AuthorizationCode {
  crypto::OpaqueCredential stored;
  std::int64_t grant_id = 0;
  std::string client_id;
  std::string redirect_uri;
  std::string code_challenge;  // S256; empty without PKCE
  std::string nonce;
  TimePoint expires_at{};
  std::optional<TimePoint> used_at;
};

struct RefreshToken {
  crypto::OpaqueCredential stored;
  std::int64_t grant_id = 0;
  std::string client_id;
  std::string scope;
  std::optional<std::int64_t> parent_row;  // the token this one replaced
  TimePoint created_at{};
  TimePoint expires_at{};           // idle end
  TimePoint absolute_expires_at{};  // of the family
  std::optional<TimePoint> used_at;
  std::optional<std::int64_t> successor_row;
  std::string successor_sealed;  // the successor's text under a key derived from this token
};

}  // namespace oidc::model
