#include "oidc/interaction/acr.h"

#include <algorithm>

#include "oidc/base/text.h"
#include "oidc/metadata/provider_metadata.h"

namespace oidc::interaction {
namespace {

// The least rank among those named: any of them will do.
int least_rank(const std::vector<std::string>& names) {
  int least = 0;
  for (const auto& name : names) {
    const int rank = acr_rank(name);
    if (rank > 0 && (least == 0 || rank < least)) least = rank;
  }
  return least;
}

void add_named(AcrDemand& demand, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (acr_rank(name) > 0 && std::ranges::find(demand.named, name) == demand.named.end()) {
      demand.named.push_back(name);
    }
  }
}

}  // namespace

int acr_rank(std::string_view acr) {
  if (acr == metadata::kAcrLink) return kAcrRankLink;
  if (acr == metadata::kAcrPassword) return kAcrRankPassword;
  return 0;
}

Result<AcrDemand> acr_demand(const request::AuthorizationRequest& request,
                             const model::Client& client) {
  AcrDemand demand;
  if (!client.required_acr.empty()) {
    demand.required = acr_rank(client.required_acr);
    if (demand.required == 0) {
      return fail(OAuthErrorCode::unmet_authentication_requirements,
                  "The class that the application's own rule requires is not one of this server's.",
                  "required_acr: unknown class");
    }
  }
  for (const auto& wish : request.claims.id_token) {
    if (wish.name != "acr" || wish.values.empty()) continue;
    const int least = least_rank(wish.values);
    if (wish.essential) {
      demand.required = std::max(demand.required, least);
    } else {
      demand.wished = std::max(demand.wished, least);
    }
    add_named(demand, wish.values);
  }
  auto values = split_words(request.acr_values);
  // OpenID Connect Registration §2: in use where the request names none.
  if (values.empty() && demand.named.empty()) values = client.default_acr_values;
  demand.wished = std::max({demand.required, demand.wished, least_rank(values)});
  add_named(demand, values);
  return demand;
}

std::string answered_acr(const AcrDemand& demand, const std::string& session_acr) {
  const int rank = acr_rank(session_acr);
  const std::string* best = nullptr;
  for (const auto& name : demand.named) {
    if (name == session_acr) return session_acr;
    if (acr_rank(name) <= rank && (!best || acr_rank(name) > acr_rank(*best))) best = &name;
  }
  return best ? *best : session_acr;
}

}  // namespace oidc::interaction
