import { describe, expect, it } from "vitest";
import { Problem } from "../src/api/client";
import type { FoundCase } from "../src/views/datasets/upload/intake/outcomes";
import {
  LinkExpired,
  StoreRefused,
  StoreUnreachable,
} from "../src/views/datasets/upload/sending/failures";
import { type Tools, Transfer } from "../src/views/datasets/upload/sending/transfer";

const ROLES = ["t1", "t1ce", "t2", "flair", "seg"] as const;

function cases(count: number): FoundCase[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `case-${n}`,
    label: `case-${n}`,
    files: Object.fromEntries(ROLES.map((role) => [role, new File(["12345"], `${role}.nii`)])),
    ignored: [],
  }));
}

function links(suffix = "") {
  const targets = ROLES.map((role) => [
    role,
    { url: `http://store/${role}${suffix}`, expires: "" },
  ]);
  return Object.fromEntries(targets);
}

function tools(given: Partial<Tools> = {}): Tools {
  return {
    digest: async () => "ab".repeat(32),
    register: async () => links(),
    put: async (_url, file, onBytes) => onBytes(file.size),
    pause: async () => undefined,
    close: () => undefined,
    ...given,
  };
}

async function send(count: number, given: Partial<Tools> = {}): Promise<Transfer> {
  const transfer = new Transfer("dataset", cases(count), tools(given));
  await transfer.run();
  return transfer;
}

describe("a transfer", () => {
  it("sends every file of every case and counts its bytes", async () => {
    const transfer = await send(3);
    expect(transfer.of("sent")).toHaveLength(15);
    expect([transfer.doneBytes, transfer.totalBytes]).toEqual([75, 75]);
    expect(transfer.state.value).toBe("ended");
  });

  it("sends no file that the store has", async () => {
    let puts = 0;
    const transfer = await send(2, {
      register: async () => ({ ...links(), t1: { url: null, expires: null } }),
      put: async () => {
        puts += 1;
      },
    });
    expect([puts, transfer.of("stored").length, transfer.sentBytes]).toEqual([8, 2, 40]);
  });

  it("sends at most four files at once", async () => {
    let now = 0;
    let most = 0;
    await send(6, {
      put: async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((done) => setTimeout(done));
        now -= 1;
      },
    });
    expect(most).toBe(4);
  });

  it("asks once for new links when those of a case have expired", async () => {
    let asked = 0;
    const transfer = await send(1, {
      register: async () => {
        asked += 1;
        return links(asked === 1 ? "?old" : "?new");
      },
      put: async (url) => {
        if (url.endsWith("?old")) throw new LinkExpired();
      },
    });
    expect([asked, transfer.of("sent").length]).toEqual([2, 5]);
  });

  it("tries again with longer and longer pauses where the store or the platform is silent", async () => {
    const pauses: number[] = [];
    let failures = 3;
    let refusals = 1;
    const transfer = await send(1, {
      register: async () => {
        refusals -= 1;
        if (refusals >= 0) throw new Problem(503, "", "busy");
        return links();
      },
      put: async (url) => {
        if (!url.endsWith("/t1")) return;
        failures -= 1;
        if (failures >= 0) throw new StoreUnreachable();
      },
      pause: async (ms) => {
        pauses.push(ms);
      },
    });
    expect(pauses).toEqual([500, 500, 1000, 2000]);
    expect(transfer.of("sent")).toHaveLength(5);
  });

  it("says at the file why it was not sent, and sends it when it is tried again", async () => {
    let isBroken = true;
    const transfer = await send(2, {
      put: async (url) => {
        if (isBroken && url.endsWith("/seg")) throw new StoreRefused("too large");
      },
    });
    expect(transfer.of("failed").map(({ role, problem }) => [role, problem])).toEqual([
      ["seg", "too large"],
      ["seg", "too large"],
    ]);
    isBroken = false;
    await transfer.run();
    expect(transfer.of("failed")).toEqual([]);
  });

  it("sends nothing more once it is cancelled", async () => {
    const transfer: Transfer = new Transfer(
      "dataset",
      cases(5),
      tools({ put: async () => transfer.cancel() }),
    );
    await transfer.run();
    expect(transfer.state.value).toBe("cancelled");
    expect(transfer.of("sent").length).toBeLessThanOrEqual(5);
    expect(transfer.of("failed")).toEqual([]);
  });
});
