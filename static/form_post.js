// OAuth 2.0 Form Post Response Mode §2: the answer goes on to the application by itself.
'use strict';

document.getElementById('form-post').submit();
