import { describe, expect, it } from "vitest";
import { lossOfCard } from "../src/views/models/curves";
import { readSeen } from "../src/views/models/fields";
import { diceOf, lossOf } from "../src/views/training/points";

describe("the cases that a checkpoint was trained on", () => {
  it("are parted by spaces, commas and lines", () => {
    expect(readSeen(" a, b\nc;d\t e ")).toEqual(["a", "b", "c", "d", "e"]);
  });
  it("are left to the API where none is given", () => {
    expect(readSeen(" \n")).toBeUndefined();
  });
});

const HISTORY = {
  iteration: [1, 5, 9],
  loss: [2, null, 1],
  validation: [{ iteration: 9, image: "real" as const, dice: { ET: 0.5, ED: null, WT: 0.9 } }],
};

describe("curves of a training", () => {
  it("leave out what was not measured", () => {
    expect(lossOf(HISTORY)).toEqual([
      { iteration: 1, loss: 2 },
      { iteration: 9, loss: 1 },
    ]);
    expect(diceOf(HISTORY)).toEqual([{ iteration: 9, image: "real", region: "ET", dice: 0.5 }]);
  });
  it("read a generator's loss from its card, where the card has one", () => {
    const card = { loss: [{ iteration: 2, loss: 0.5 }, { iteration: "2" }, null] };
    expect(lossOfCard(card)).toEqual([{ iteration: 2, loss: 0.5 }]);
    expect(lossOfCard({})).toEqual([]);
  });
});
