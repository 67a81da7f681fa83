// Keeps the times of the page moving. Without it the page says the same, as of when it was made.
"use strict";
(() => {
  const began = performance.now();
  const passed = () => Math.floor((performance.now() - began) / 1000);

  // The same words as `in_words` of the server's src/demo/words.rs.
  const words = (seconds) => {
    const [days, hours, minutes] = [seconds / 86400, seconds / 3600, seconds / 60].map(Math.floor);
    if (days > 0) return `${days} d ${hours % 24} h`;
    if (hours > 0) return `${hours} h ${minutes % 60} min`;
    if (minutes > 0) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
    return `${seconds} s`;
  };

  const countDown = (element) => {
    const left = Math.max(0, Number(element.dataset.left) - passed());
    element.textContent = left > 0 ? words(left) : "expired";
    const bar = document.getElementById(element.dataset.bar);
    if (bar) bar.value = left;
    const note = document.getElementById(element.dataset.note);
    if (note && left === 0) note.textContent = note.dataset.after;
  };
  const countUp = (element) => {
    element.textContent = `${words(Number(element.dataset.since) + passed())} ago`;
  };
  const tick = () => {
    document.querySelectorAll("[data-left]").forEach(countDown);
    document.querySelectorAll("[data-since]").forEach(countUp);
  };

  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  document.querySelectorAll("time[data-clock]").forEach((element) => {
    element.textContent = clock.format(new Date(element.dateTime));
  });
  tick();
  setInterval(tick, 1000);
})();
