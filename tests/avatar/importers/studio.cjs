// Use the studio as a person does: type, click the wheel, perform, fetch every file. Prints what it saw.
// Usage: studio.cjs URL CHROMIUM FOLDER
const fs = require("fs");
const path = require("path");
const puppeteer = require("puppeteer-core");
(async () => {
  const [url, browserPath, folder] = process.argv.slice(2);
  const browser = await puppeteer.launch({
    executablePath: browserPath, headless: true, protocolTimeout: 1500000,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(1200000);
  const problems = [], elsewhere = [];
  page.on("pageerror", error => problems.push(String(error)));
  page.on("console", message => { if (message.type() === "error") problems.push(message.text()); });
  page.on("request", request => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).hostname !== new URL(url).hostname) elsewhere.push(request.url());
  });
  await page.setViewport({ width: 1300, height: 1250 });
  await page.goto(url, { waitUntil: "domcontentloaded" });
  const source = selector => page.$eval(selector, node => node.currentSrc || node.src).catch(() => "");
  const shot = name => page.screenshot({ path: path.join(folder, name), fullPage: true });
  const until = (text, ...values) => page.waitForFunction(text, { polling: 200 }, ...values);

  // What stands there is previewed without a click.
  await until(`document.querySelector("#curves img")`);
  const first = await source("#curves img");
  await shot("1-opened.png");

  // Another line, and the petal of anger.
  await page.click("#line textarea", { clickCount: 3 });
  await page.type("#line textarea", "Leave this house.");
  const wheel = await (await page.$("#wheel img")).boundingBox();
  const scale = Math.min(wheel.width / 480, wheel.height / 360);
  await page.mouse.click(wheel.x + wheel.width / 2 - 0.8 * 142 * scale, wheel.y + wheel.height / 2);
  await until(`document.querySelector("#words textarea, #words input").value.includes("anger")`);
  const words = await page.$eval("#words textarea, #words input", node => node.value);
  await until(`document.querySelector("#curves img").src !== ${JSON.stringify(first)}`);
  await shot("2-anger.png");

  // Every format.
  await page.$$eval("#formats input[type=checkbox]", boxes => boxes.forEach(box => { if (!box.checked) box.click(); }));
  await page.click("#perform");
  await until(`document.querySelector("#video video") && document.querySelector("#files a[download], #files a[href*='file=']")`);
  await until(`document.querySelector("#video video").readyState >= 2`);
  const video = await page.$eval("#video video", node => ({ duration: node.duration, width: node.videoWidth, height: node.videoHeight }));
  const links = await page.$$eval("#files a", nodes => [...new Set(nodes.map(node => node.href))]);
  for (const link of links) {
    const answer = await fetch(link);
    fs.writeFileSync(path.join(folder, decodeURIComponent(link.split("/").pop())), Buffer.from(await answer.arrayBuffer()));
  }
  await new Promise(done => setTimeout(done, 1000));
  await shot("3-performed.png");

  // A word that is no emotion is answered on the page.
  await page.click("#words textarea, #words input", { clickCount: 3 });
  await page.type("#words textarea, #words input", "joyy");
  await page.keyboard.press("Enter");
  await until(`document.body.innerText.includes("did you mean joy")`);
  await shot("4-mistake.png");
  console.log("RESULT" + JSON.stringify({ words, video, links, problems, elsewhere }));
  await browser.close();
})().catch(error => { console.error(error); process.exit(1); });
