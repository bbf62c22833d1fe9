/** Stands for the codecs of Zarr, which no file of the platform has. */
export default {
  fromConfig(): never {
    throw new Error("Zarr files are not read here.");
  },
};
