// Owns: the scopes this server knows and the claims each asks for (OpenID Connect Core §5.4 and
// §11).
#pragma once
#include <span>
#include <string_view>

namespace oidc::metadata {

struct ScopeRow {
  std::string_view scope;
  std::span<const std::string_view> claims;
  std::string_view consent_title;  // shown on the consent page; empty: not shown
};

std::span<const ScopeRow> scopes();
bool is_known_scope(std::string_view scope);
// Every claim that /userinfo or an ID token can hold.
std::span<const std::string_view> supported_claims();

}  // namespace oidc::metadata
