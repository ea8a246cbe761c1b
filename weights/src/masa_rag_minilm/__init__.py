"""Weights only: ``masa_rag.embedders.OnnxEmbedder`` finds the files of this package by itself."""
