# Writes what the R package metafor says of public data sets and of awkward ones, as JSON, to the file named.
#
#   Rscript grid.R grid.json
#
# Iterations end far below the tolerances of the tests. Fisher scoring may fail, or end at a lower maximum of a
# likelihood; then it starts again from the highest one, which is found by looking at the profile, and the case says so.

suppressMessages(library(metafor))

measures <- c(logit = "PLO", arcsine = "PAS", `freeman-tukey` = "PFT", log = "PLN", raw = "PR")

# Data ----------------------------------------------------------------------------------------------------------------

bcg <- dat.bcg
nielweise <- dat.nielweise2007
studies <- function(x, n, ...) list(events = x, total = n, ...)
sets <- list(
   pritz1997 = studies(dat.pritz1997$xi, dat.pritz1997$ni),
   bcg = studies(bcg$tpos, bcg$tpos + bcg$tneg, moderator = bcg$ablat, groups = as.character(bcg$alloc)),
   miller1978 = studies(c(3, 6, 10, 1), c(11, 17, 21, 6)),
   nielweise2007 = studies(nielweise$ai, nielweise$n1i, moderator = nielweise$year - 2000),
   one = studies(3, 5),
   `one-none` = studies(0, 8),
   `one-all` = studies(8, 8),
   none = studies(c(0, 0, 0), c(5, 9, 20)),
   all = studies(c(5, 9, 20), c(5, 9, 20)),
   `none-or-all` = studies(c(0, 9, 0, 20), c(5, 9, 12, 20)),
   `single-patients` = studies(c(1, 0, 1, 1, 1), c(1, 1, 1, 1, 1)),
   two = studies(c(3, 6), c(10, 10)),
   `two-far-apart` = studies(c(1, 999), c(1000, 1000)),
   same = studies(c(3, 3, 3, 3), c(10, 10, 10, 10)),
   alike = studies(c(30, 31, 61, 29), c(100, 101, 200, 99)),
   `far-apart` = studies(c(1, 999, 500, 5, 300), c(1000, 1000, 1000, 1000, 1000)),
   `large-and-small` = studies(c(400000, 1, 0, 2, 250, 3), c(1000000, 1, 3, 2, 1000, 3)),
   `two-maxima` = studies(c(30, 0, 5, 0, 22, 32, 3), c(30, 8, 10, 100, 60, 100, 12)),
   `two-maxima-highest-at-0` = studies(c(5, 0, 22), c(5, 20, 100))
)
classic <- c("pritz1997", "bcg", "miller1978", "nielweise2007")

# Fits ----------------------------------------------------------------------------------------------------------------

effects <- function(set, transform) {
   measure <- measures[[transform]]
   if (measure %in% c("PAS", "PFT")) {
      escalc(measure = measure, xi = set$events, ni = set$total)
   } else {
      escalc(measure = measure, xi = set$events, ni = set$total, add = 1/2, to = "only0")
   }
}

likelihood <- function(tau2, yi, vi, X, method) {
   w <- 1 / (vi + tau2)
   XWX <- crossprod(X * w, X)
   beta <- solve(XWX, crossprod(X * w, yi))
   rest <- sum(log(w)) - sum(w * (yi - X %*% beta)^2)
   if (method == "REML") rest <- rest - determinant(XWX)$modulus
   as.numeric(rest) / 2
}

highest <- function(yi, vi, X, method) {
   least <- min(vi)
   steps <- seq(0, log(1 + (4 * diff(range(yi))^2 + max(vi)) / least), length.out = 2000)
   at <- least * expm1(steps)
   height <- function(tau2) likelihood(tau2, yi, vi, X, method)
   heights <- sapply(at, height)
   best <- which.max(heights)
   near <- c(at[max(1, best - 1)], at[min(length(at), best + 1)])
   found <- optimize(height, near, maximum = TRUE, tol = 1e-12)
   if (heights[best] > found$objective) found <- list(maximum = at[best], objective = heights[best])
   found
}

fit <- function(data, method, test = "z", level = 95, mods = NULL, intercept = TRUE) {
   yi <- data$yi
   vi <- data$vi
   threshold <- min(1e-13, 1e-12 * median(vi))
   control <- list(threshold = threshold, maxiter = 100000, tol = 1e-15, tau2.max = 1e7, ll0check = FALSE)
   call <- function(control) {
      given <- list(yi = yi, vi = vi, method = method, test = test, level = level, control = control)
      suppressWarnings(do.call(rma, c(given, if (!is.null(mods)) list(mods = mods, intercept = intercept))))
   }
   if (length(yi) == 1 || !(method %in% c("REML", "ML"))) return(list(fit = call(control), note = NULL))
   X <- cbind(if (intercept) rep(1, length(yi)), mods)
   best <- highest(as.numeric(yi), vi, X, method)
   note <- NULL
   found <- try(call(control), silent = TRUE)
   if (inherits(found, "try-error")) {
      note <- "Fisher scoring failed; it started again from the highest maximum"
   } else if (best$objective - likelihood(found$tau2, as.numeric(yi), vi, X, method) > 1e-9) {
      note <- "Fisher scoring ended at a lower maximum; it started again from the highest one"
   }
   if (!is.null(note)) {
      control$tau2.init <- best$maximum
      found <- try(call(control), silent = TRUE)
      if (inherits(found, "try-error")) {
         control$stepadj <- 0.5
         control$threshold <- 100 * threshold
         found <- call(control)
      }
   }
   list(fit = found, note = note)
}

back <- function(x, transform, n) {
   clip <- function(x) pmin(1, pmax(0, x))
   switch(transform,
      logit = transf.ilogit(x),
      arcsine = transf.iarcsin(x),
      `freeman-tukey` = transf.ipft(x, ni = rep(n, length(x))),
      log = clip(exp(x)),
      raw = clip(x)
   )
}

inverting <- function(total, se, how) {
   switch(how,
      harmonic = 1 / mean(1 / total),
      arithmetic = mean(total),
      geometric = exp(mean(log(total))),
      `inverse-variance` = 1 / (4 * se^2)
   )
}

pooled <- function(set, transform, method, hk = FALSE, level = 95, how = "harmonic", weights = TRUE) {
   data <- effects(set, transform)
   done <- fit(data, method, if (hk) "knha" else "z", level)
   res <- done$fit
   k <- res$k
   said <- predict(res)
   n <- inverting(set$total, res$se, how)
   out <- list(k = k, mean = c(res$beta), se = res$se, mean_lower = res$ci.lb, mean_upper = res$ci.ub)
   out$estimate <- back(c(res$beta), transform, n)
   out$lower <- back(res$ci.lb, transform, n)
   out$upper <- back(res$ci.ub, transform, n)
   if (transform == "freeman-tukey" && how == "harmonic") {
      hm <- predict(res, transf = transf.ipft.hm, targs = list(ni = set$total))
      stopifnot(all.equal(c(hm$pred, hm$ci.lb, hm$ci.ub), c(out$estimate, out$lower, out$upper), tolerance = 1e-12))
   }
   out$tau2 <- res$tau2
   out$q <- res$QE
   out$q_p <- res$QEp
   if (k > 1) {
      out$i2 <- res$I2 / 100
      out$h2 <- res$H2
   }
   if (k > 1 && method != "FE") {
      out$mean_prediction_lower <- said$pi.lb
      out$mean_prediction_upper <- said$pi.ub
      out$prediction_lower <- back(said$pi.lb, transform, n)
      out$prediction_upper <- back(said$pi.ub, transform, n)
      bounds <- confint(res, control = list(tol = 1e-15, maxiter = 100000))$random
      for (bound in c("lower", "upper")) {
         column <- c(lower = "ci.lb", upper = "ci.ub")[[bound]]
         out[[paste0("tau2_", bound)]] <- bounds["tau^2", column]
         out[[paste0("i2_", bound)]] <- bounds["I^2(%)", column] / 100
         out[[paste0("h2_", bound)]] <- bounds["H^2", column]
      }
   }
   if (weights) out$weights <- I(as.numeric(weights(res)) / 100)
   list(expected = out, note = done$note)
}

# Cases ---------------------------------------------------------------------------------------------------------------

case <- function(name, transform, method, hk = FALSE, level = 95, how = "harmonic", weights = TRUE) {
   found <- pooled(sets[[name]], transform, method, hk, level, how, weights)
   c(
      list(set = name, transform = transform, method = method, hartung_knapp = hk, level = level / 100, back = how),
      if (!is.null(found$note)) list(note = found$note),
      list(expected = found$expected)
   )
}

pool_cases <- list()
add <- function(...) pool_cases[[length(pool_cases) + 1]] <<- case(...)
for (name in classic) for (transform in names(measures)) {
   for (method in c("FE", "DL", "PM", "REML", "ML")) add(name, transform, method, weights = name != "nielweise2007")
   for (method in c("DL", "PM", "REML", "ML")) add(name, transform, method, TRUE, weights = FALSE)
}
for (name in setdiff(names(sets), classic)) {
   for (method in c("FE", "DL", "PM", "REML", "ML")) add(name, "logit", method)
   add(name, "logit", "REML", TRUE, weights = FALSE)
   for (transform in setdiff(names(measures), "logit")) add(name, transform, "REML")
}
for (how in c("arithmetic", "geometric", "inverse-variance")) for (name in c(classic, "one", "single-patients")) {
   add(name, "freeman-tukey", "REML", how = how, weights = FALSE)
}
for (level in c(80, 99.9)) for (hk in c(FALSE, TRUE)) {
   add("bcg", "logit", "REML", hk, level, weights = FALSE)
   add("miller1978", "freeman-tukey", "PM", hk, level, weights = FALSE)
}

figures <- c("estimate", "lower", "upper", "prediction_lower", "prediction_upper", "tau2", "tau2_upper", "i2", "q", "se")
refits <- function(name, transform, method, hk, which) {
   set <- sets[[name]]
   k <- length(set$total)
   rows <- lapply(seq_len(k), function(i) {
      those <- if (which == "leave_one_out") setdiff(seq_len(k), i) else seq_len(i)
      part <- list(events = set$events[those], total = set$total[those])
      pooled(part, transform, method, hk && length(those) > 1, weights = FALSE)$expected[figures]
   })
   columns <- lapply(figures, function(figure) {
      I(sapply(rows, function(row) if (is.null(row[[figure]])) NA else row[[figure]]))
   })
   names(columns) <- figures
   list(set = name, transform = transform, method = method, hartung_knapp = hk, which = which, expected = columns)
}
refit_cases <- list()
for (which in c("leave_one_out", "cumulative")) for (name in c("bcg", "pritz1997", "two", "far-apart")) {
   refit_cases[[length(refit_cases) + 1]] <- refits(name, "logit", "REML", FALSE, which)
   refit_cases[[length(refit_cases) + 1]] <- refits(name, "freeman-tukey", "PM", TRUE, which)
}

coefficient <- function(res, j) {
   list(estimate = res$beta[j], se = res$se[j], statistic = res$zval[j], p = res$pval[j],
        lower = res$ci.lb[j], upper = res$ci.ub[j])
}

line <- function(name, transform, method, hk, at) {
   set <- sets[[name]]
   done <- fit(effects(set, transform), method, if (hk) "knha" else "z", mods = cbind(moderator = set$moderator))
   res <- done$fit
   said <- predict(res, newmods = at)
   n <- inverting(set$total, said$se, "harmonic")
   out <- list(intercept = coefficient(res, 1), slope = coefficient(res, 2), covariance = res$vb[1, 2])
   out <- c(out, list(tau2 = res$tau2, i2 = res$I2 / 100, h2 = res$H2, r2 = res$R2 / 100, qe = res$QE, qe_p = res$QEp,
                      qm = res$QM, qm_p = res$QMp))
   out$predicted <- I(back(c(said$pred, said$ci.lb, said$ci.ub, said$pi.lb, said$pi.ub), transform, n))
   if (method != "FE") {
      bounds <- confint(res, control = list(tol = 1e-15, maxiter = 100000))$random["tau^2", ]
      out$tau2_lower <- bounds[["ci.lb"]]
      out$tau2_upper <- bounds[["ci.ub"]]
   }
   c(
      list(set = name, transform = transform, method = method, hartung_knapp = hk, at = at),
      if (!is.null(done$note)) list(note = done$note),
      list(expected = out)
   )
}
line_cases <- list()
for (transform in names(measures)) for (method in c("FE", "DL", "PM", "REML", "ML")) for (hk in c(FALSE, TRUE)) {
   if (method == "FE" && hk) next
   line_cases[[length(line_cases) + 1]] <- line("bcg", transform, method, hk, 30)
   if (method == "REML") line_cases[[length(line_cases) + 1]] <- line("nielweise2007", transform, method, hk, 10)
}

asymmetry <- function(name, transform, test, method, hk) {
   set <- sets[[name]]
   res <- fit(effects(set, transform), method, if (hk) "knha" else "z")$fit
   found <- switch(test,
      egger = regtest(res),
      classical = regtest(res, model = "lm"),
      peters = regtest(res, model = "lm", predictor = "ninv", ni = set$total)
   )
   out <- list(statistic = found$zval, p = found$pval, limit = found$est, limit_lower = found$ci.lb,
               limit_upper = found$ci.ub)
   if (test != "egger" || hk) out$df <- found$ddf
   list(set = name, transform = transform, test = test, method = method, hartung_knapp = hk, expected = lapply(out, unname))
}
asymmetry_cases <- list()
for (name in c("bcg", "pritz1997", "nielweise2007")) for (transform in names(measures)) {
   for (test in c("egger", "classical", "peters")) {
      asymmetry_cases[[length(asymmetry_cases) + 1]] <- asymmetry(name, transform, test, "REML", FALSE)
   }
   asymmetry_cases[[length(asymmetry_cases) + 1]] <- asymmetry(name, transform, "egger", "DL", TRUE)
   asymmetry_cases[[length(asymmetry_cases) + 1]] <- asymmetry(name, transform, "egger", "FE", FALSE)
}

grouped <- function(transform, method, hk, common) {
   set <- sets$bcg
   data <- effects(set, transform)
   labels <- unique(set$groups)
   if (common) {
      group <- sapply(labels, function(label) as.numeric(set$groups == label))
      res <- fit(data, method, mods = group[, -1])$fit
      each <- fit(data, method, mods = group, intercept = FALSE)$fit
      out <- list(means = I(c(each$beta)), errors = I(each$se), tau2 = I(rep(res$tau2, length(labels))),
                  q = res$QM, p = res$QMp)
   } else {
      parts <- lapply(labels, function(label) {
         fit(data[set$groups == label, ], method, if (hk) "knha" else "z")$fit
      })
      means <- sapply(parts, function(part) c(part$beta))
      errors <- sapply(parts, function(part) part$se)
      between <- rma(means, sei = errors, mods = ~ factor(labels), method = "FE")
      out <- list(means = I(means), errors = I(errors), tau2 = I(sapply(parts, function(part) part$tau2)),
                  q = between$QM, p = between$QMp)
   }
   list(transform = transform, method = method, hartung_knapp = hk, common = common, labels = I(labels), expected = out)
}
group_cases <- list()
for (transform in names(measures)) {
   group_cases <- c(group_cases, list(
      grouped(transform, "FE", FALSE, FALSE), grouped(transform, "REML", FALSE, FALSE),
      grouped(transform, "DL", TRUE, FALSE), grouped(transform, "REML", FALSE, TRUE),
      grouped(transform, "DL", FALSE, TRUE)
   ))
}

# JSON ----------------------------------------------------------------------------------------------------------------

json <- function(x) {
   if (is.null(x)) return("null")
   if (is.list(x)) {
      parts <- vapply(x, json, "")
      if (is.null(names(x))) return(paste0("[", paste(parts, collapse = ", "), "]"))
      return(paste0("{", paste0('"', names(x), '": ', parts, collapse = ", "), "}"))
   }
   parts <- if (is.character(x)) paste0('"', x, '"') else if (is.logical(x) && !anyNA(x)) tolower(x) else sprintf("%.15g", x)
   parts[is.na(x)] <- "null"
   if (inherits(x, "AsIs") || length(x) != 1) paste0("[", paste(parts, collapse = ", "), "]") else parts
}

lines <- function(name, cases) paste0('"', name, '": [\n', paste(vapply(cases, json, ""), collapse = ",\n"), "\n]")

sets <- lapply(sets, function(set) lapply(set, I))
effect_cases <- list()
for (name in names(sets)) for (transform in names(measures)) {
   data <- effects(sets[[name]], transform)
   effect_cases[[length(effect_cases) + 1]] <- list(
      set = name, transform = transform, values = I(as.numeric(data$yi)), variances = I(as.numeric(data$vi))
   )
}
parts <- c(
   paste0('"metafor": "', packageVersion("metafor"), '"'),
   paste0('"sets": ', json(sets)),
   lines("effects", effect_cases),
   lines("pool", pool_cases),
   lines("refits", refit_cases),
   lines("lines", line_cases),
   lines("asymmetry", asymmetry_cases),
   lines("groups", group_cases)
)
writeLines(paste0("{\n", paste(parts, collapse = ",\n"), "\n}"), commandArgs(trailingOnly = TRUE)[1])
