// Owns: what every mail starts with, whatever it is about: whose it is, how that looks, and which
// browser asked. What it is about is its caller's matter (challenge.h, notice_mail.h).
#pragma once
#include <string>

#include "server/http/message.h"
#include "server/mail/compose.h"
#include "server/provider/provider.h"

namespace server::signin {

// `client_id`: the application that the person is on the way to; empty: a page of ours. What one in
// quarantine calls itself stays out: strangers wrote it, and mail of ours would say it for them.
runtime::Task<store::StoreResult<mail::MailInput>> start_mail(const provider::Provider& provider,
                                                              const http::Request& request,
                                                              std::string client_id,
                                                              std::string language);

}  // namespace server::signin
