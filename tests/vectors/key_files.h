// Owns: PKCS#8 files in base64, made for these tests with `openssl genpkey`.
#pragma once
#include <string_view>

namespace vectors {

inline constexpr std::string_view kPkcs8P256 =
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzggbX0LJ8Mo1pWJcH8rW68M8b0iBEJYsxKzlyKg+dceh"
    "RANCAAS6Nowjmj261c3Uc/bIUhrJc3e+ypkusEr7ToLEGrtWFfhqTfgl5OQT6dqSmIy4EkG25HY+H1x6O8o/iaNUUQlK";
inline constexpr std::string_view kPkcs8Rsa1024 =
    "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAK3YPDqQnk3i9OdcYLwvARbFbfrLoDuZV2TKKSh1PBY/"
    "LLUxsf9utq3h1LwmfLxZkD3nu9i7yJ1NrDDkElc2pyDM+8qFP/IkHF6u6+j9jfWtdbESI1IZ0wqdvgVmkvYcptxLTwPO"
    "sV3r2lbxs1zKMGpZoi6/k9vrdafj4o0XquYjAgMBAAECgYA/ZyPgQCpcQbAMSXbGa2Y8RdkspONVmUF0cv670LYPbw8B"
    "LpS6kkhx9nE+BdNsZkXjLgcmrqYmKNPqKOQ/hqFBDV9E5xMTp2heM7VI8tPJ14bHgsP3c5VkhnlJ5ABBdGn+9U00zOyl"
    "evSWmPN2Iv1oPiqtx/ZDI5Y57lAFYJfTEQJBANRgoBIq56owUJSpWHacwUi4Ff4oM6UAdi8NCqT+wowGwZNIzp2/E55A"
    "C+CNPh3eGkFn/uBstwrWnMpT/nJ8F7UCQQDRjXQcq7/4Mo4cyw0GC5v96gV65F4lK8ZdnvXxsD9A5y9wtm+ExZ+gXzgt"
    "xDcRDAoYlOIbeTICjwEcqdRHFv13AkEAuu3hdpw1FGM6Sd9UcfI/XhZJpU8VReJGI9vCxr9F1aIMt+qZkdchGWUeDyPC"
    "zN81FOTIPhjyc6O6lYugpnv7EQJARA4Qe4871Tt189vt6tyyWJA8H2EzQhcpYRZTAZ8fq9BpE83sAc68vLSv5g0nZR3n"
    "2XvgwtNlbndLASgWjM/mmQJBAJ6+Ffzpx8CF+npLPy+9WYu5gwNCJbnhPYTSaAI9BxHDY5KVP8hEcWpPDKdC0Gv/4EGZ"
    "IwL6ECgyPKZdL1Nf1uI=";
inline constexpr std::string_view kPkcs8Secp256k1 =
    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgYXaGI/1Im3clljuHkbLmhUfUUcw3+6DCrQDsIGXiV8ahRANC"
    "AAT2X2pOL1fRyrbYWNBcaby+R9mlbtNgXkpzAXTFqexqg2x/OLDnsB+IYgc3rn4q53ntzUTOG/bTBzRZk4q0hXbF";
inline constexpr std::string_view kPkcs8X25519 =
    "MC4CAQAwBQYDK2VuBCIEIMiRKOKcOjicsfRislI+M3vrXXWltRblqxUN3aQWRrRp";

}  // namespace vectors
