// Owns: the browser that asked for a mail: POST /m/send, GET /m/sent with its number and the field
// for the code, POST /m/code, POST /m/continue when the number was entered elsewhere, POST
// /m/again, GET /m/wait. For every purpose alike; opening the link is link.h.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/signin/challenge.h"

namespace server::signin {

// Asks for a link to sign in with: the form of the sign-in page.
runtime::Task<http::Response> post_link_send(const provider::Provider& provider,
                                             http::Request request);
runtime::Task<http::Response> get_link_sent(const provider::Provider& provider,
                                            http::Request request);
// 204: nothing new; 200: load /m/sent again; 403: another browser's.
runtime::Task<http::Response> get_link_wait(const provider::Provider& provider,
                                            http::Request request);
runtime::Task<http::Response> post_link_code(const provider::Provider& provider,
                                             http::Request request);
runtime::Task<http::Response> post_link_continue(const provider::Provider& provider,
                                                 http::Request request);
// The same challenge once more: a new mail with a new link, code and number.
runtime::Task<http::Response> post_link_again(const provider::Provider& provider,
                                              http::Request request);
// Goes on with a flow whose link was used already: as /authorize does.
runtime::Task<http::Response> get_link_go(const provider::Provider& provider,
                                          http::Request request);

// The redirect to the page that waits, bound to this browser. `email` as typed.
http::Response sent_page(const provider::Provider& provider, Flow flow, std::string email,
                         const ChallengeStarted& started);

// Tells the person of a wrong answer ("code" or "number") to a challenge that opens an account.
runtime::Task<store::StoreResult<void>> note_wrong(const provider::Provider& provider,
                                                   const http::Request& request,
                                                   const oidc::model::EmailChallenge& challenge,
                                                   std::string method);

// What an answered challenge leads to: signing in, making an account and changing an address use it
// up at once; for a new password the browser is led to /reset/finish with flow.challenge and
// flow.proved in the seal. Its binding was checked.
runtime::Task<http::Response> answered(const provider::Provider& provider,
                                       const http::Request& request, Flow flow,
                                       const oidc::model::EmailChallenge& challenge,
                                       std::string route);

// Where the person can choose another way: the first page of the purpose.
std::string back_address(const provider::Provider& provider, const Flow& flow,
                         oidc::model::ChallengePurpose purpose);

// Shown where a link or its page is of no use any more. `flow`: of the browser that asked, absent
// for any other.
runtime::Task<http::Response> link_ended(const provider::Provider& provider,
                                         const http::Request& request, page::LinkEnd end,
                                         std::optional<Flow> flow, page::LinkPurpose purpose);

page::LinkPurpose page_purpose(oidc::model::ChallengePurpose purpose);

// A challenge that has expired is still found for a day, so that its page can lead on.
runtime::Task<store::StoreResult<std::optional<oidc::model::EmailChallenge>>> find_recent_challenge(
    const provider::Provider& provider, std::int64_t row);

}  // namespace server::signin
