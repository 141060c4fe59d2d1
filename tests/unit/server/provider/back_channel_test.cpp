#include "server/provider/back_channel.h"

#include "tests/support/catch.h"

using namespace std::chrono_literals;
using server::provider::retry_delay;

TEST_CASE("a delivery is tried six times, further and further apart", "[back_channel]") {
  CHECK(retry_delay(0) == 10s);
  CHECK(retry_delay(1) == 10s);
  CHECK(retry_delay(2) == 60s);
  CHECK(retry_delay(3) == 600s);
  CHECK(retry_delay(4) == 3600s);
  CHECK(retry_delay(5) == 21600s);
  CHECK_FALSE(retry_delay(6).has_value());
  CHECK_FALSE(retry_delay(1'000'000).has_value());
}
