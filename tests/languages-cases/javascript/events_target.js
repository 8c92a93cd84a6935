class Player extends EventTarget { play(song) { return this.dispatchEvent(new CustomEvent("play", { detail: { song }, cancelable: true })); } }
const player = new Player(), heard = [];
player.addEventListener("play", (event) => heard.push(event.detail.song));
player.addEventListener("play", (event) => { if (event.detail.song === "noise") event.preventDefault(); });
player.addEventListener("play", { handleEvent: (event) => heard.push(event.type) }, { once: true });
[player.play("a"), player.play("noise"), heard];
