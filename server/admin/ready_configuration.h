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
// The redirect URI that the product uses below `base` ("https://app.example"). Nothing: unknown.
std::optional<std::string> ready_redirect_uri(std::string_view product, std::string_view base);
std::string ready_configuration(std::string_view product, std::string_view issuer,
                                const AddedClient& added);

}  // namespace server::admin
