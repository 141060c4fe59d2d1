#include "server/signin/front_channel.h"

#include <algorithm>

#include "oidc/base/form.h"
#include "oidc/base/uri.h"
#include "server/observe/log.h"

namespace server::signin {
namespace {

// A page with more frames would take longer than anybody waits.
constexpr std::size_t kMostFrames = 50;

}  // namespace

std::string front_channel_uri(const oidc::model::Client& client, const std::string& issuer,
                              const std::string& sid) {
  std::string uri = client.frontchannel_logout_uri;
  if (uri.empty() || !client.frontchannel_logout_session_required) return uri;
  oidc::Form query;
  query.set("iss", issuer);
  query.set("sid", sid);
  uri += uri.find('?') == std::string::npos ? '?' : '&';
  return uri + query.encode();
}

runtime::Task<std::vector<page::LogoutFrame>> front_channel_frames(
    const provider::Provider& provider, std::vector<store::EndedSessionClient> ended) {
  std::vector<page::LogoutFrame> frames;
  for (const auto& served : ended) {
    auto client = co_await provider.store.find_client(served.client_id, provider.now());
    if (!client || !*client) continue;
    const auto address = front_channel_uri(**client, provider.issuer, served.sid);
    const auto uri = oidc::Uri::parse(address);
    if (!uri || !uri->has_authority) continue;
    const bool known = std::ranges::any_of(
        frames, [&](const page::LogoutFrame& frame) { return frame.uri == address; });
    if (known) continue;
    if (frames.size() >= kMostFrames) {
      observe::log_warn("front_channel_cut", {{"client_id", served.client_id}});
      break;
    }
    frames.push_back({(*client)->display_name(), address, uri->origin()});
  }
  co_return frames;
}

}  // namespace server::signin
