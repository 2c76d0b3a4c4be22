// The codes as a file, made here: no server sends them a second time.
"use strict";

const text = document.getElementById("saved-codes-text").textContent;
const link = document.getElementById("download-codes");
link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
