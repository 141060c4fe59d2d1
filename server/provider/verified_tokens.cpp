#include "server/provider/verified_tokens.h"

#include "oidc/crypto/digest.h"

namespace server::provider {

std::optional<oidc::token::AccessToken> VerifiedTokens::find(std::string_view text,
                                                             oidc::TimePoint now) {
  const auto digest = oidc::crypto::sha256(text);
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(digest);
  if (found == held_.end()) return std::nullopt;
  if (found->second.token.expires_at <= now) {
    order_.erase(found->second.place);
    held_.erase(found);
    return std::nullopt;
  }
  order_.splice(order_.begin(), order_, found->second.place);
  return found->second.token;
}

void VerifiedTokens::put(std::string_view text, const oidc::token::AccessToken& token) {
  auto digest = oidc::crypto::sha256(text);
  const std::lock_guard lock(mutex_);
  if (held_.contains(digest)) return;
  if (held_.size() >= capacity_) {
    held_.erase(order_.back());
    order_.pop_back();
  }
  order_.push_front(digest);
  held_.emplace(std::move(digest), Held{token, order_.begin()});
}

void VerifiedTokens::clear() {
  const std::lock_guard lock(mutex_);
  held_.clear();
  order_.clear();
}

std::size_t VerifiedTokens::size() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

}  // namespace server::provider
