import type { ManualSection } from "./manualSection.ts";

export const kernels: readonly ManualSection[] = [
  {
    heading: "BACKENDS",
    blocks: [
      {
        list: [
          [
            "webgpu",
            "npm install webgpu@0.6 (older ones do not load on Debian 12) and a Vulkan driver: NVIDIA's own with apt-get install libvulkan1 (in a container with NVIDIA_DRIVER_CAPABILITIES=all). Debian 12's lavapipe (Mesa 22) is too old for Dawn. Without a GPU, apt-get install chromium-common and VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json give SwiftShader, which is slow but checks the kernels.",
          ],
          [
            "headlessgl",
            "apt-get install python3 make g++ libxi-dev libgl-dev xvfb libgl1-mesa-dri, npm install gl --ignore-scripts=false (some ten minutes; in a clone npm rebuild gl --ignore-scripts=false), and xvfb-run -a lazarus bench, which is Mesa's software OpenGL; on a machine with an NVIDIA GPU a display of its X server (DISPLAY=:0).",
          ],
          ["webasm, cpu, js", "Need nothing."],
        ],
      },
      "place --recovery-method gpu, for new placements and audits alike, samples the recovery probabilities on a backend, checks the first batch against plain JavaScript, and writes the method sampling with samples, seed, backend and 95 % intervals. Failure orders are drawn on the host, so that every backend gives the same numbers.",
      "Software adapters are called so in the result. Kernels are in single precision. The lines about NVIDIA have not been tried yet: no such card was at hand.",
    ],
  },
];
