// Owns: a validated authorization request on its way through the browser: sealed (AES-256-GCM) in
// the page's address, bound to the browser by a cookie of its own. No row is stored before sign-in.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/form.h"
#include "oidc/base/time.h"
#include "oidc/crypto/opaque_credential.h"
#include "server/http/message.h"
#include "server/page/page.h"
#include "server/provider/provider.h"

namespace server::signin {

inline constexpr std::string_view kBindingCookie = "latchkey_bind";
inline constexpr std::string_view kSessionCookie = "latchkey_session";
inline constexpr std::string_view kDeviceCookie = "latchkey_device";
// Longest sealed request that is carried in an address; the server takes 8 KB of address.
inline constexpr std::size_t kMaxSealed = 7 * 1024;
// What a request may take when it starts: the rest is for what steps add, such as a typed address.
inline constexpr std::size_t kMaxSealedRequest = kMaxSealed - 1280;
// A sign-out travels in a form only.
inline constexpr std::size_t kMaxSealedLogout = 32 * 1024;

enum class Purpose { authorize, logout };

struct Flow {
  // Not empty: no application asked; this page of ours ("/account") needs somebody signed in, and
  // the flow ends there. `form` holds prompt=login when a fresh sign-in is needed, else nothing.
  std::string own_page;
  oidc::Form form;  // the parameters; checked again at each step
  // False as long as they stand as they came: `request` and `request_uri` are still to be read.
  bool resolved = false;
  // What was signed or pushed cannot be sent again by us: such a flow does not start anew.
  bool restartable = true;
  std::optional<oidc::crypto::OpaqueCredential> pushed;  // used up when the answer is issued
  oidc::TimePoint started_at{};                          // when the request came in first
  std::string binding;                                   // SHA-256 of the binding cookie
  std::optional<std::int64_t> session_id;                // the account chosen in this interaction
  // What the sign-in page shows again after a redirect.
  std::string email;
  page::SignInNotice notice = page::SignInNotice::none;
  std::string event_id;
  // The challenge by mail that this browser asked for last, and whether it has been answered here:
  // then the step that its purpose leads to may use it up.
  std::optional<std::int64_t> challenge;
  bool proved = false;
  page::SentNotice sent_notice = page::SentNotice::none;
};

std::string seal_flow(const provider::Provider& provider, Purpose purpose, const Flow& flow);

struct OpenedFlow {
  Flow flow;
  bool expired = false;  // older than interaction_lifetime: start anew with the same parameters
};
// Nothing when the seal is not ours, or of another purpose.
std::optional<OpenedFlow> open_flow(const provider::Provider& provider, Purpose purpose,
                                    std::string_view sealed);

// The browser's binding: the cookie it has, or a new one to be set.
struct Binding {
  std::string hash;
  std::string set_cookie;  // empty when the browser has one
};
Binding read_or_make_binding(const provider::Provider& provider, const http::Request& request);

// True when this browser has the binding cookie that the flow was sealed for: what pages may show
// of a challenge. Forms are held to is_own_form().
bool is_bound(const provider::Provider& provider, const http::Request& request,
              std::string_view binding);

// True when Origin and Sec-Fetch-Site, where sent, name us.
bool is_from_our_page(const provider::Provider& provider, const http::Request& request);

// True when a form of ours was sent by the browser that we showed it to: its binding cookie fits,
// and Origin and Sec-Fetch-Site, where sent, name us.
bool is_own_form(const provider::Provider& provider, const http::Request& request,
                 const Flow& flow);

}  // namespace server::signin
