package io.kdelta.vfs;

/** What a name of the simulated file system stands for. */
sealed interface SimNode permits SimContent, SimDirectory {}
