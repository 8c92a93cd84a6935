from http import HTTPStatus
from http.cookies import SimpleCookie
cookie = SimpleCookie()
cookie.load("session=abc; theme=\"dark blue\"")
cookie["session"]["path"] = "/"
cookie["session"]["httponly"] = True
[cookie["theme"].value, cookie["session"].OutputString(), HTTPStatus(404).phrase, HTTPStatus.OK.value]
