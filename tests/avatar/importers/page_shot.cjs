// Open the live page in Chromium, wait until it shows frames, print what it shows; optionally save a picture.
// Usage: page_shot.cjs URL CHROMIUM [PICTURE]
const puppeteer = require("puppeteer-core");
(async () => {
  const [url, browserPath, picture] = process.argv.slice(2);
  const browser = await puppeteer.launch({ executablePath: browserPath, headless: true, protocolTimeout: 120000,
    args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"] });
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", error => problems.push(String(error)));
  page.on("console", message => { if (message.type() === "error") problems.push(message.text()); });
  await page.setViewport({ width: 512, height: 600 });
  await page.goto(url, { waitUntil: "domcontentloaded" });
  // Headless browsers may allow sound without a click: then the page asks for none.
  await page.waitForFunction("window.mien || !document.getElementById('sound').hidden", { timeout: 90000, polling: 50 });
  await page.click("#sound").catch(() => {});
  await page.waitForFunction("window.mien && window.mien.received > 20", { timeout: 90000, polling: 50 });
  await new Promise(done => setTimeout(done, 1500));
  const shown = await page.evaluate(() => window.mien);
  if (picture) await page.screenshot({ path: picture });
  console.log("RESULT" + JSON.stringify({ ...shown, problems, state: await page.$eval("#state", node => node.textContent) }));
  await browser.close();
})();
