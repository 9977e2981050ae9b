"""Laws that any potential obeys: symmetries, forces as the gradient, behaviour."""
