"""The same work in torch, one thread."""

import torch

torch.set_num_threads(1)

GAMMA1, GAMMA2, EPS = 0.6, 0.999, 1e-12


class Network:
    """Parameters with gradients, and AdamW in its fused form, the fastest that torch has."""

    def __init__(self, gradients, params):
        self.params = [torch.nn.Parameter(torch.from_numpy(w.copy())) for w in params]
        for param, gradient in zip(self.params, gradients):
            param.grad = torch.from_numpy(gradient.copy())
        self.optimizer = torch.optim.AdamW(self.params, lr=1e-3, weight_decay=1e-2, fused=True)
        self.states = {}

    def clip_adamw(self):
        torch.nn.utils.clip_grad_norm_(self.params, 1.0)
        self.optimizer.step()

    @torch.no_grad()
    def gradient_stabilizer(self):
        """Per tensor, from the formula: running norm and squared norm, kept as tensors."""
        for param in self.params:
            norm = torch.linalg.vector_norm(param.grad)
            if norm == 0:
                continue
            state = self.states.get(param)
            if state is None:
                zero = torch.zeros_like(norm)
                state = self.states[param] = {"m": zero.clone(), "v": zero.clone(), "steps": 0}
            state["steps"] += 1
            state["m"].mul_(GAMMA1).add_(norm, alpha=1 - GAMMA1)
            state["v"].mul_(GAMMA2).add_(norm * norm, alpha=1 - GAMMA2)
            mean = state["m"] / (1 - GAMMA1 ** state["steps"])
            square = state["v"] / (1 - GAMMA2 ** state["steps"])
            size = mean / (square.sqrt() + EPS)
            param.grad.copy_(param.grad / norm.clamp_min(EPS) * size)

    def results(self):
        return [param.detach().numpy() for param in self.params]


def version():
    return torch.__version__
