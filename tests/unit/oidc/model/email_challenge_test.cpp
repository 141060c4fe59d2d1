#include "oidc/model/email_challenge.h"

#include "tests/support/catch.h"

using namespace oidc::model;

TEST_CASE("ChallengePurpose: names are read back") {
  for (const auto purpose : {ChallengePurpose::sign_in, ChallengePurpose::sign_up,
                             ChallengePurpose::reset_password, ChallengePurpose::change_email}) {
    CHECK(parse_challenge_purpose(to_string(purpose)) == purpose);
  }
  CHECK_FALSE(parse_challenge_purpose(""));
  CHECK_FALSE(parse_challenge_purpose("Sign_in"));
}
