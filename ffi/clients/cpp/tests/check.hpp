// What the programs of this folder check with. They hold for both kinds of trimtab.hpp: with exceptions and without.
#ifndef TRIMTAB_CPP_TESTS_CHECK_HPP
#define TRIMTAB_CPP_TESTS_CHECK_HPP

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

#include "trimtab.hpp"

[[noreturn]] inline void fail(const char* file, int line, const char* what) {
    std::printf("%s:%d: does not hold: %s\n", file, line, what);
    std::exit(1);
}

#define CHECK(...) (static_cast<bool>(__VA_ARGS__) ? void() : fail(__FILE__, __LINE__, #__VA_ARGS__))

// A call that has to succeed: throws if not, or returns a result that says so.
#if defined(TRIMTAB_NO_EXCEPTIONS)
#define MUST(...) CHECK(__VA_ARGS__)
#else
#define MUST(...) __VA_ARGS__
#endif

// Equal but for a few roundings of `T`, float unless said otherwise.
template <class T = float>
bool near(double actual, double expected) {
    const double epsilon = sizeof(T) == 8 ? 2.3e-16 : 1.2e-7;
    return std::abs(actual - expected) <= 8 * epsilon * std::abs(expected);
}

template <class T>
bool near(std::span<const T> actual, std::initializer_list<double> expected) {
    auto value = actual.begin();
    if (actual.size() != expected.size()) return false;
    for (const double x : expected)
        if (!near<T>(static_cast<double>(*value++), x)) return false;
    return true;
}

#endif
