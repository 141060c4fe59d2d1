// Owns: ready configurations of well-known products (`client add --for PRODUCT`). They are printed
// for an operator to copy; the server itself uses none of them.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/admin/operations.h"

namespace server::admin {

std::vector<std::string_view> ready_products();
// The redirect URI that the product uses below its own address `base`, such as
// "https://app.example" or "https://app.example/grafana/". Nothing: unknown.
std::optional<std::string> ready_redirect_uri(std::string_view product, std::string_view base);
// `added` has that redirect URI as its first, and a secret for client_secret_basic. Empty: unknown.
std::string ready_configuration(std::string_view product, std::string_view issuer,
                                std::string_view base, const AddedClient& added);

}  // namespace server::admin
