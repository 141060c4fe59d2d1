#include "server/mail/courier.h"

#include "tests/support/catch.h"

using server::mail::outage_pause;
using server::mail::retry_delay;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a mail is tried again later and later") {
  CHECK(retry_delay(0) == seconds(30));
  CHECK(retry_delay(1) == seconds(30));
  CHECK(retry_delay(2) == minutes(2));
  CHECK(retry_delay(3) == minutes(10));
  CHECK(retry_delay(4) == hours(1));
  CHECK(retry_delay(1'000'000) == hours(1));
}

TEST_CASE("a mail server that is away is asked every half minute at the least often") {
  CHECK(outage_pause(1) == seconds(2));
  CHECK(outage_pause(2) == seconds(4));
  CHECK(outage_pause(4) == seconds(16));
  CHECK(outage_pause(5) == seconds(30));
  CHECK(outage_pause(1'000'000'000) == seconds(30));
}
