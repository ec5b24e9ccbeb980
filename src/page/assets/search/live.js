// A search that goes on: its server tells what is new.
(() => {
  const { find, words, shown, time, element, address, whenChanged } = served;
  let state = null, heard = performance.now();

  const gauge = (place, label, share) => {
    place.querySelector("p").textContent = label;
    place.querySelector("i").style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;
    place.setAttribute("aria-valuenow", Math.round(100 * share));
  };

  const showRunning = () => {
    const { running, objective } = state;
    const places = running.map(({ trial, epoch, epochs, value }, at) => {
      const place = find("running").children[at] ?? find("one").content.firstElementChild.cloneNode(true);
      const reached = value === null ? "" : `, ${objective} ${shown(value)}`;
      gauge(place, words("trialEpoch", trial, epoch, epochs) + reached, epochs ? epoch / epochs : 0);
      return place;
    });
    find("running").replaceChildren(...places);
  };

  // Between two messages the clock goes on.
  const showTimes = () => {
    if (!state) return;
    const since = state.ended ? 0 : (performance.now() - heard) / 1000;
    find("elapsed").querySelector("b").textContent = time(state.elapsed_s + since);
    find("left").querySelector("b").textContent = state.left_s === null ? "-" : time(Math.max(state.left_s - since, 0));
  };

  const show = () => {
    const { done, planned, stopping, ended } = state;
    find("whole").hidden = !planned;
    if (planned) gauge(find("whole"), words("epochsOf", done, planned), done / planned);
    find("stopping").hidden = !stopping || ended;
    find("over").hidden = !ended;
    find("stop").disabled = stopping || ended;
    if (!ended) find("status").textContent = words(stopping ? "stopping" : "running");
    document.title = planned && !ended ? `${Math.floor((100 * done) / planned)}% ${facts.title}` : facts.title;
    showRunning();
    showTimes();
  };

  const { facts } = served;
  const source = new EventSource(address("/events"));
  source.onmessage = ({ data }) => {
    state = JSON.parse(data);
    heard = performance.now();
    if (state.ended) {
      source.close();
      // the page of the search has taken this one's place
      if (state.report) return location.reload();
    }
    if (state.page) search.show(state.page);
    show();
  };
  source.onopen = () => (find("lost").hidden = true);
  source.onerror = () => (find("lost").hidden = state?.ended ?? false);
  find("stop").addEventListener("click", async () => {
    find("stop").disabled = true;
    const answer = await fetch(address("/stop"), { method: "POST" }).catch(() => null);
    if (!answer?.ok) find("stop").disabled = false;
  });
  setInterval(showTimes, 1000);
  whenChanged(() => state && show());
})();
