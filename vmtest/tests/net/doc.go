// SPDX-License-Identifier: Apache-2.0

// Package net tests the network between several guests from inside of them. Each
// test is a role's: the environment says which.
package net
