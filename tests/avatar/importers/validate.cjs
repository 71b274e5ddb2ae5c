// Run Khronos' glTF validator on files and print its report.
const validator = require("gltf-validator");
const fs = require("fs");
(async () => {
  const reports = [];
  for (const file of process.argv.slice(2)) {
    const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), { maxIssues: 100 });
    reports.push(report.issues);
  }
  console.log(JSON.stringify(reports));
})();
