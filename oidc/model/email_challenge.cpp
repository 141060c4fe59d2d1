#include "oidc/model/email_challenge.h"

namespace oidc::model {

std::string_view to_string(ChallengePurpose purpose) {
  switch (purpose) {
    case ChallengePurpose::sign_in:
      return "sign_in";
    case ChallengePurpose::sign_up:
      return "sign_up";
    case ChallengePurpose::reset_password:
      return "reset_password";
    case ChallengePurpose::change_email:
      return "change_email";
  }
  return "sign_in";
}

std::optional<ChallengePurpose> parse_challenge_purpose(std::string_view name) {
  for (const auto purpose : {ChallengePurpose::sign_in, ChallengePurpose::sign_up,
                             ChallengePurpose::reset_password, ChallengePurpose::change_email}) {
    if (to_string(purpose) == name) return purpose;
  }
  return std::nullopt;
}

}  // namespace oidc::model
