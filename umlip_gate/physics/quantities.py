"""The quantities of physics, and their units."""

UNITS = {
    "gradient": "1",
    "rotation_energy": "meV/atom",
    "rotation_force": "meV/Å",
    "translation_energy": "meV/atom",
    "translation_force": "meV/Å",
    "permutation_energy": "meV/atom",
    "permutation_force": "meV/Å",
    "supercell_energy": "meV/atom",
    "supercell_force": "meV/Å",
}
"""Each is a deviation: 0 is right, and larger is worse."""
