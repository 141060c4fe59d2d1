// Owns: what every endpoint and page may use, gathered once by server/app. Holds references only.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/grant/issue_tokens.h"
#include "oidc/metadata/features.h"
#include "server/account/passwords.h"
#include "server/config/config.h"
#include "server/http/message.h"
#include "server/keys/key_ring.h"
#include "server/observe/event_ring.h"
#include "server/observe/metrics.h"
#include "server/outbound/outbound.h"
#include "server/page/page.h"
#include "server/provider/client_keys.h"
#include "server/provider/logos.h"
#include "server/provider/verified_tokens.h"
#include "server/store/store.h"

namespace server::provider {

struct Provider {
  const config::Config& config;
  std::string issuer;  // without a trailing slash
  bool is_https = true;
  bool issuer_on_loopback = false;
  oidc::metadata::Features features;
  oidc::grant::Lifetimes lifetimes;
  store::Store& store;
  keys::KeyRing& keys;
  page::Pages& pages;
  account::Passwords& passwords;
  outbound::Outbound& outbound;
  ClientKeys& client_keys;
  observe::EventRing& failures;
  observe::ServerMetrics& metrics;
  std::shared_ptr<Logos> logos = std::make_shared<Logos>(outbound);
  std::shared_ptr<VerifiedTokens> verified_tokens = std::make_shared<VerifiedTokens>();

  // The wall clock, in milliseconds.
  oidc::TimePoint now() const;
  std::string cookie_name(std::string_view name) const { return http::cookie_name(name, is_https); }
  // Signs with the server's keys.
  oidc::grant::Signer signer() const;
  // A Set-Cookie value; `max_age_s` absent: until the browser ends.
  std::string cookie(std::string_view name, std::string value,
                     std::optional<long> max_age_s = std::nullopt) const;
};

}  // namespace server::provider
