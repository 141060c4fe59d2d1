#include "oidc/token/subject.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using oidc::token::subject_for;

TEST_CASE("Subject: public is the person's id, pairwise differs by sector (Core §8.1)") {
  auto client = samples::web();
  const std::string key(32, 'k');
  CHECK(subject_for(client, "u-alice", key) == "u-alice");
  client.subject_type = oidc::model::SubjectType::pairwise;
  client.sector_identifier = "rp.test";
  const auto here = subject_for(client, "u-alice", key);
  CHECK(here.size() == 43);
  CHECK(here == subject_for(client, "u-alice", key));
  CHECK(here != subject_for(client, "u-bob", key));
  CHECK(here != subject_for(client, "u-alice", std::string(32, 'x')));
  auto sibling = client;
  sibling.client_id = "sibling";
  CHECK(subject_for(sibling, "u-alice", key) == here);
  sibling.sector_identifier = "other.test";
  CHECK(subject_for(sibling, "u-alice", key) != here);
}
