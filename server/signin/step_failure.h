// Owns: the pages of a step that failed for a reason of ours: in the looks and the language of the
// application that the person was on the way to, as far as it is known beyond doubt.
#pragma once
#include <string_view>

#include "server/http/message.h"
#include "server/page/look.h"
#include "server/signin/flow.h"
#include "server/store/store.h"

namespace server::signin {

// The looks for a failure of `flow`, or without one of the flow that is sealed in the request. A
// flow is believed once its parameters were checked: then its redirect URI is the application's.
// Asks the database for nothing.
page::Look failure_look(const provider::Provider& provider, const http::Request& request,
                        const Flow* flow = nullptr);

// 503 when it may work in a moment, or 500. `route` is the path pattern.
http::Response store_failure(const provider::Provider& provider, const http::Request& request,
                             std::string_view route, const store::StoreError& error,
                             const Flow* flow = nullptr);

}  // namespace server::signin
