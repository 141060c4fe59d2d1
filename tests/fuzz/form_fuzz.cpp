// Forms (RFC 6749 appendix B): what was read can be written and read again, and the claims
// parameter within one (OpenID Connect Core §5.5) survives being kept.
#include "oidc/base/form.h"
#include "oidc/base/text.h"
#include "oidc/request/claims_parameter.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::view(data, size);
  const auto form = oidc::Form::parse(text);
  if (form) {
    for (const auto& [name, value] : form->entries()) {
      fuzz::promise(oidc::is_clean_utf8(name) && oidc::is_clean_utf8(value), "clean UTF-8 only");
    }
    const auto again = oidc::Form::parse(form->encode());
    fuzz::promise(again && again->entries() == form->entries(), "a form can be read back");
  }
  // Whoever only notes repeated names sees no other parameters.
  const auto noted = oidc::Form::parse(text, oidc::Repeats::note);
  fuzz::promise(!form || (noted && noted->repeated().empty()),
                "nothing is repeated where none may");
  const auto decoded = oidc::percent_decode(text, false);
  if (decoded) {
    fuzz::promise(oidc::percent_decode(oidc::percent_encode(*decoded), false) == decoded,
                  "escapes can be read back");
  }
  if (const auto claims = oidc::request::parse_claims_parameter(text)) {
    const std::string kept = oidc::request::claims_to_keep(*claims);
    fuzz::promise(kept.empty() == claims->empty(), "claims are kept when there are any");
    if (kept.empty()) return 0;
    const auto again = oidc::request::parse_claims_parameter(kept);
    fuzz::promise(again && again->userinfo.size() == claims->userinfo.size() &&
                      again->id_token.size() == claims->id_token.size(),
                  "claims that were kept can be read back");
  }
  return 0;
}
