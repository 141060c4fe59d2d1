#include "server/provider/logos.h"

#include <array>
#include <chrono>

namespace server::provider {
namespace {

constexpr std::size_t kMostLogos = 200;
constexpr std::size_t kMostBytes = 256 * 1024;
constexpr std::chrono::hours kKept(24);
constexpr std::chrono::minutes kRetried(5);

// What the sender calls it counts for nothing: a document served from our origin is not a picture.
// SVG is left out because it can hold scripts.
std::string_view picture_type(std::string_view bytes) {
  using namespace std::string_view_literals;
  struct Kind {
    std::string_view first;
    std::string_view media_type;
  };
  constexpr std::array<Kind, 4> kinds = {{{"\x89PNG\r\n\x1a\n"sv, "image/png"},
                                          {"\xff\xd8\xff"sv, "image/jpeg"},
                                          {"GIF87a"sv, "image/gif"},
                                          {"GIF89a"sv, "image/gif"}}};
  for (const auto& kind : kinds) {
    if (bytes.starts_with(kind.first)) return kind.media_type;
  }
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return "image/webp";
  return {};
}

}  // namespace

runtime::Task<std::shared_ptr<const Logo>> Logos::find(const oidc::model::Client& client,
                                                       oidc::TimePoint now) {
  if (client.logo_uri.empty()) co_return nullptr;
  const std::string client_id = client.client_id;
  const std::string uri = client.logo_uri;
  {
    std::lock_guard lock(mutex_);
    auto held = held_.find(client_id);
    if (held != held_.end() && held->second.uri == uri && held->second.until > now) {
      co_return held->second.logo;
    }
    if (held == held_.end() && held_.size() >= kMostLogos) {
      held_.erase(held_.begin());
    }
    // Until the answer is here, further requests do not ask again.
    held_[client_id] = {uri, held == held_.end() ? nullptr : held->second.logo, now + kRetried};
  }
  auto answer = co_await outbound_.send(
      {.url = uri, .body = "", .accept = "image/*", .most_bytes = kMostBytes});
  std::shared_ptr<const Logo> logo;
  if (answer && answer->status == 200) {
    const auto type = picture_type(answer->body);
    if (!type.empty()) {
      logo = std::make_shared<const Logo>(std::string(type), std::move(answer->body));
    }
  }
  std::lock_guard lock(mutex_);
  // Its place may have gone to another one meanwhile.
  if (auto held = held_.find(client_id); held != held_.end() && held->second.uri == uri) {
    held->second.logo = logo;
    held->second.until = now + (logo ? oidc::TimePoint::duration(kKept) : kRetried);
  }
  co_return logo;
}

}  // namespace server::provider
