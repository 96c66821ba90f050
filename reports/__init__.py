"""The pages: plain frames and run facts in, one self-contained folder of files out."""
